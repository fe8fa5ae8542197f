/* Who said what in contents. What functions answered stands in contents of the user's role, right behind the calls. */

import type { Dialect } from '../dialect.ts';
import { type ConversationWords, readConversation, textOfContent } from '../dialect-conversation.ts';
import { isRecord } from '../dialect-errors.ts';

const WORDS: ConversationWords = {
  member: 'contents',
  read({ role = 'user', parts }) {
    const text = textOfContent(parts, (part) => part['thought'] !== true);
    if (role === 'model') return { role: 'assistant', text };
    // The role is left out where there is one turn; what functions say may have one of its own.
    const list: readonly unknown[] = Array.isArray(parts) ? parts : [];
    const isAnswered = list.some((part) => isRecord(part) && ('functionResponse' in part || 'function_response' in part));
    if (role !== 'user' || (isAnswered && text === '')) return { role: 'other', text };
    return { role: 'user', text, isMixed: isAnswered };
  },
  write: (text) => JSON.stringify({ role: 'user', parts: [{ text }] }),
};

export const conversation: NonNullable<Dialect['conversation']> = (operation) => readConversation(operation, WORDS);
