/* Who said what: in the messages of a chat, or in the one prompt of a `generate`, which has no place beside it but its own beginning. */

import type { Dialect } from '../dialect.ts';
import { scanBody } from '../dialect-body.ts';
import { type ConversationWords, readConversation, singleText, spliced } from '../dialect-conversation.ts';

const WORDS: ConversationWords = {
  member: 'messages',
  read: ({ role, content }) => ({
    role: role === 'user' || role === 'assistant' ? role : 'other',
    text: typeof content === 'string' ? content : '',
  }),
  write: (text) => JSON.stringify({ role: 'user', content: text }),
};

export const conversation: NonNullable<Dialect['conversation']> = (operation) =>
  readConversation(operation, WORDS) ?? ofPrompt(operation.bytes);

function ofPrompt(bytes: Uint8Array): ReturnType<NonNullable<Dialect['conversation']>> {
  const scan = scanBody(bytes);
  return singleText(scan, 'prompt', ({ start }, text) => spliced(scan.bytes, start + 1, JSON.stringify(`${text}\n\n`).slice(1, -1)));
}
