/*
 * Who said what in messages. Turns must alternate there, so what is put beside the user's words is a block of the same message; results of tools come first in
 * it. Source: docs.aws.amazon.com/bedrock/latest/userguide/conversation-inference-call.html.
 */

import type { Dialect } from '../dialect.ts';
import { type ConversationWords, readConversation, textOfContent } from '../dialect-conversation.ts';
import { isRecord } from '../dialect-errors.ts';

const write = (text: string): string => JSON.stringify({ text });

const WORDS: ConversationWords = {
  member: 'messages',
  read({ role, content }) {
    const text = textOfContent(content);
    if (role === 'assistant') return { role, text };
    const blocks: readonly unknown[] = Array.isArray(content) ? content : [];
    const isAnswered = blocks.some((block) => isRecord(block) && 'toolResult' in block);
    if (role !== 'user' || (isAnswered && text === '')) return { role: 'other', text };
    return { role: 'user', text, isMixed: isAnswered };
  },
  write,
  within: { member: 'content', write },
};

export const conversation: NonNullable<Dialect['conversation']> = (operation) => readConversation(operation, WORDS);
