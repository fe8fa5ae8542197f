/* Who said what in the messages of a chat completion. */

import type { Dialect } from '../dialect.ts';
import { type ConversationWords, readConversation, textOfContent } from '../dialect-conversation.ts';

const WORDS: ConversationWords = {
  member: 'messages',
  read: ({ role, content }) =>
    role === 'user' || role === 'assistant' ? { role, text: textOfContent(content) } : { role: 'other', text: textOfContent(content) },
  write: (text) => JSON.stringify({ role: 'user', content: text }),
};

export const conversation: NonNullable<Dialect['conversation']> = (operation) => readConversation(operation, WORDS);
