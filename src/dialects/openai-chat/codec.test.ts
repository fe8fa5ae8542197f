import fc from 'fast-check';
import { codecLaws } from '../../../test/dialects/codec-laws.ts';
import { eachMessage, eachParts, mergeParts, sortParts } from '../../../test/dialects/normal-chat.ts';
import type { ChatChoice, ChatPart, ChatReply, FinishReason } from '../../operations/chat.ts';
import { openaiChat } from './openai-chat.ts';

/** In a message of the assistant thoughts come first and calls last, wherever they stood. */
const RANKS: Partial<Record<ChatPart['kind'], number>> = { reasoning: 0, text: 1, refusal: 1, image: 3, 'tool-call': 4 };
const REPLY_RANKS: Partial<Record<ChatPart['kind'], number>> = { ...RANKS, refusal: 2 };

/** What has no word of its own is told by the nearest. */
const FINISHES: Partial<Record<FinishReason, FinishReason>> = { pause: 'stop', other: 'stop', 'context-length': 'length' };

function finished(reply: ChatReply): ChatReply {
  const choices = reply.choices.map((choice): ChatChoice => {
    const finish = FINISHES[choice.finish] ?? choice.finish;
    if (!choice.parts.some(({ kind }) => kind === 'refusal'))
      return { ...choice, finish: finish === 'refusal' ? 'content-filter' : finish };
    if (finish !== 'stop' && finish !== 'stop-sequence') return { ...choice, finish };
    const { stopSequence: _stopped, ...refused } = choice;
    return { ...refused, finish: 'refusal' };
  });
  return { ...reply, choices };
}

codecLaws(openaiChat, {
  nativeParts: fc.record({ type: fc.constantFrom('x_part', 'y_part'), x: fc.jsonValue() }),
  nativeTools: fc.constantFrom('web_search', 'x_tool').map((name) => ({ name, value: { type: name, x: 1 } })),
  request: eachMessage(sortParts((part, role) => (role === 'assistant' ? (RANKS[part.kind] ?? 2) : 0))),
  reply: (reply) =>
    eachParts((parts) =>
      mergeParts(['text', 'refusal'])(parts.toSorted((a, b) => (REPLY_RANKS[a.kind] ?? 2) - (REPLY_RANKS[b.kind] ?? 2))),
    )(finished(reply)),
});
