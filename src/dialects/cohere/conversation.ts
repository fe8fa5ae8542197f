/* Who said what in the messages of a chat. */

import type { Dialect } from '../dialect.ts';
import { type ConversationWords, readConversation, textOfContent } from '../dialect-conversation.ts';

const WORDS: ConversationWords = {
  member: 'messages',
  // Thoughts are parts of another type.
  read: ({ role, content }) => ({
    role: role === 'user' || role === 'assistant' ? role : 'other',
    text: textOfContent(content, ({ type }) => type === 'text'),
  }),
  write: (text) => JSON.stringify({ role: 'user', content: text }),
};

export const conversation: NonNullable<Dialect['conversation']> = (operation) => readConversation(operation, WORDS);
