/* Laws of the codec (test/dialects/codec-laws.ts), for what this dialect says exactly. */
import fc from 'fast-check';
import { codecLaws } from '../../../test/dialects/codec-laws.ts';
import { eachParts, mergeTurns } from '../../../test/dialects/normal-chat.ts';
import type { ChatMessage, ChatPart, ChatRequest } from '../../operations/chat.ts';
import { anthropicMessages } from './anthropic-messages.ts';

/** The vendor wants a length, and that the user speaks first and last. */
function prepare(request: ChatRequest): ChatRequest {
  const first = request.messages.findIndex(({ role }) => role !== 'system');
  const messages = request.messages.map(
    (message, index): ChatMessage => (index === first ? { ...message, parts: [...message.parts, SAID] } : message),
  );
  return { ...request, messages: [...messages, { role: 'user', parts: [SAID] }], outputTokensMax: request.outputTokensMax ?? 1_000 };
}

const SAID: ChatPart = { kind: 'text', text: 'said' };

/** Texts of nothing but space are not sent; neighbours of one role are one turn; no vendor's call of a tool is signed. */
function normalRequest(request: ChatRequest): ChatRequest {
  const kept = request.messages.map((message) => ({ ...message, parts: said(message.parts) })).filter(({ parts }) => parts.length > 0);
  return mergeTurns(['system', 'user', 'assistant', 'tool'])({ ...request, messages: kept });
}

function said(parts: readonly ChatPart[]): readonly ChatPart[] {
  return parts.flatMap((part): ChatPart[] => {
    if (part.kind === 'text' && part.text.trim() === '') return [];
    if (part.kind === 'tool-result') return [{ ...part, parts: said(part.parts) }];
    return [unsigned(part)];
  });
}

function unsigned(part: ChatPart): ChatPart {
  if (part.kind !== 'tool-call') return part;
  const { signature: _signature, ...call } = part;
  return call;
}

/** A call of a tool that takes text is a call all the same; nobody who speaks this dialect has such tools. */
function called(part: ChatPart): ChatPart {
  const plain = unsigned(part);
  if (plain.kind !== 'tool-call' || plain.custom !== true) return plain;
  const { custom: _custom, ...call } = plain;
  return { ...call, arguments: JSON.stringify({ input: plain.arguments }) };
}

const block = fc.constantFrom(
  { type: 'search_of_tomorrow', query: 'x', more: { deep: [1, null] } },
  { type: 'container_upload', file_id: 'file_1' },
);
const tool = fc.constantFrom(
  { name: 'web_search', value: { type: 'web_search_20260318', name: 'web_search', max_uses: 3 } },
  { name: 'bash', value: { type: 'bash_20250124', name: 'bash' } },
);

codecLaws(anthropicMessages, {
  callArguments: 'object',
  nativeParts: block,
  nativeTools: tool,
  choicesMax: 1,
  prepare,
  request: normalRequest,
  reply: (reply) => {
    const { id: _made, ...plain } = eachParts((parts) => parts.map(called))(reply);
    const near = { 'content-filter': 'refusal', other: 'stop' } as const;
    const choices = plain.choices.map((choice) => ({
      ...choice,
      finish: choice.finish === 'content-filter' || choice.finish === 'other' ? near[choice.finish] : choice.finish,
    }));
    const { usage, ...unmetered } = plain;
    // Zeros are how the format says that nothing is known.
    return usage === undefined || usage.totalTokens === 0 ? { ...unmetered, choices } : { ...plain, choices };
  },
});
