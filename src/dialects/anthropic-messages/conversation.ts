/*
 * Who said what in messages. Results of tools stand in messages of the user's role: one with nothing else is no turn of the user, and one with words beside them
 * must stay right behind the calls, its results first. Messages of one role in a row are one turn to the model.
 * Source: platform.claude.com/docs/en/agents-and-tools/tool-use/implement-tool-use.
 */

import type { Dialect } from '../dialect.ts';
import { type ConversationWords, type ReadItem, readConversation, textOfContent } from '../dialect-conversation.ts';
import { isRecord } from '../dialect-errors.ts';

const WORDS: ConversationWords = {
  member: 'messages',
  read({ role, content }) {
    const text = textOfContent(content, ({ type }) => type === 'text');
    if (role === 'assistant') return { role, text };
    return role === 'user' ? userItem(content, text) : { role: 'other', text };
  },
  write: (text) => JSON.stringify({ role: 'user', content: [{ type: 'text', text }] }),
};

function userItem(content: unknown, text: string): ReadItem {
  const results = Array.isArray(content)
    ? content.filter((block) => isRecord(block) && String(block['type']).endsWith('_result')).length
    : 0;
  if (results === 0) return { role: 'user', text };
  return text === '' ? { role: 'other', text } : { role: 'user', text, isMixed: true };
}

export const conversation: NonNullable<Dialect['conversation']> = (operation) => readConversation(operation, WORDS);
