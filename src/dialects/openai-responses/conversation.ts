/* Who said what in the input of a response: a text, or items, of which messages are some. */

import type { Dialect } from '../dialect.ts';
import { scanBody } from '../dialect-body.ts';
import { type ConversationWords, readConversation, singleText, spliced, textOfContent } from '../dialect-conversation.ts';

const write = (text: string): string => JSON.stringify({ type: 'message', role: 'user', content: [{ type: 'input_text', text }] });

const WORDS: ConversationWords = {
  member: 'input',
  read({ type, role, content }) {
    const isMessage = type === undefined || type === null || type === 'message';
    const text = isMessage ? textOfContent(content) : '';
    return { role: isMessage && (role === 'user' || role === 'assistant') ? role : 'other', text };
  },
  write,
};

export const conversation: NonNullable<Dialect['conversation']> = (operation) => {
  const scan = scanBody(operation.bytes);
  if (scan.get('input')?.kind !== 'string') return readConversation(operation, WORDS);
  // The text itself stays as it was written; what is around it makes a message of it.
  return singleText(scan, 'input', ({ start, end }, text) =>
    spliced(spliced(scan.bytes, end, '}]'), start, `[${write(text)},{"type":"message","role":"user","content":`),
  );
};
