/* Laws of the codec (test/dialects/codec-laws.ts), for what this dialect says exactly. */
import { codecLaws } from '../../../test/dialects/codec-laws.ts';
import { eachMessage, eachParts, mergeParts } from '../../../test/dialects/normal-chat.ts';
import type { ChatMessage, ChatPart, ChatReply, ChatRequest, FinishReason } from '../../operations/chat.ts';
import { cohere } from './cohere.ts';

const RANKS: Partial<Record<ChatPart['kind'], number>> = { reasoning: 0, text: 1, 'tool-call': 2 };

/** What is said beside calls is one plan, between the thoughts and the calls. No vendor's thoughts are signed. */
function normalMessage(message: ChatMessage): ChatMessage {
  const parts = message.parts.map(unsigned);
  if (!parts.some(({ kind }) => kind === 'tool-call')) return { ...message, parts };
  return { ...message, parts: mergeParts(['text'])(parts.toSorted((a, b) => (RANKS[a.kind] ?? 1) - (RANKS[b.kind] ?? 1))) };
}

function unsigned(part: ChatPart): ChatPart {
  if (part.kind !== 'tool-call' && part.kind !== 'reasoning') return part;
  const { signature: _signature, ...plain } = part;
  if (plain.kind === 'reasoning') {
    const { sealed: _sealed, id: _id, ...thought } = plain;
    return thought;
  }
  return plain;
}

/** A choice that is the model's is not said; a model that thinks without a budget decides itself. */
function normalRequest(request: ChatRequest): ChatRequest {
  const { toolChoice, reasoning, ...rest } = eachMessage(normalMessage)(request);
  const { dynamic: _dynamic, ...wish } = reasoning ?? {};
  return {
    ...rest,
    ...(toolChoice === undefined || toolChoice.kind === 'auto' ? {} : { toolChoice }),
    ...(reasoning === undefined ? {} : { reasoning: wish }),
  };
}

/** What has no word of its own is told by the nearest. */
const FINISHES: Partial<Record<FinishReason, FinishReason>> = {
  'content-filter': 'stop',
  refusal: 'stop',
  pause: 'stop',
  other: 'stop',
  'context-length': 'length',
};

function normalReply(reply: ChatReply): ChatReply {
  const told = eachParts((parts) =>
    parts
      .map(unsigned)
      .map(called)
      .filter((part) => part.kind !== 'reasoning' || part.text !== '')
      .toSorted((a, b) => Number(a.kind === 'tool-call') - Number(b.kind === 'tool-call')),
  )(reply);
  return { ...told, choices: told.choices.map((choice) => ({ ...choice, finish: FINISHES[choice.finish] ?? choice.finish })) };
}

/** A tool that takes text is one whose only argument is that text. */
function called(part: ChatPart): ChatPart {
  if (part.kind !== 'tool-call' || part.custom !== true) return part;
  const { custom: _custom, ...call } = part;
  return { ...call, arguments: JSON.stringify({ input: part.arguments }) };
}

codecLaws(cohere, { choicesMax: 1, request: normalRequest, reply: normalReply });
