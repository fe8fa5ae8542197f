import { codecLaws } from '../../../test/dialects/codec-laws.ts';
import { canonicalArguments, eachParts, mergeParts } from '../../../test/dialects/normal-chat.ts';
import type { ChatPart, ChatReply, ChatRequest, FinishReason } from '../../operations/chat.ts';
import { ollama } from './ollama.ts';

/** A message has its thoughts, its words, its images and its calls, each in a place of their own. */
const RANKS: Partial<Record<ChatPart['kind'], number>> = { reasoning: 0, text: 1, image: 2, 'tool-call': 3 };
const sorted = (parts: readonly ChatPart[]): readonly ChatPart[] => parts.toSorted((a, b) => (RANKS[a.kind] ?? 4) - (RANKS[b.kind] ?? 4));

/** Parts of one kind are lines of one text. */
function joined(parts: readonly ChatPart[]): readonly ChatPart[] {
  const merged: ChatPart[] = [];
  for (const part of sorted(parts)) {
    const last = merged.at(-1);
    if (part.kind === 'tool-result') merged.push({ ...part, parts: joined(part.parts) });
    else if ((part.kind === 'text' || part.kind === 'reasoning') && last?.kind === part.kind)
      merged[merged.length - 1] = { ...last, text: `${last.text}\n${part.text}` };
    else merged.push(canonicalArguments(part));
  }
  return merged;
}

/** A schema has no name here, and how much is thought is the model's own matter. */
function request(given: ChatRequest): ChatRequest {
  const { output, reasoning } = given;
  const { dynamic: _dynamic, ...wish } = reasoning ?? {};
  return {
    ...given,
    messages: given.messages.map((message) => ({ ...message, parts: joined(message.parts) })),
    ...(output?.kind === 'schema' ? { output: { kind: 'schema', schema: output.schema } } : {}),
    ...(reasoning === undefined ? {} : { reasoning: wish }),
  };
}

const FINISHES: Partial<Record<FinishReason, FinishReason>> = {
  'stop-sequence': 'stop',
  refusal: 'content-filter',
  pause: 'stop',
  'context-length': 'length',
  other: 'stop',
};

function reply(given: ChatReply): ChatReply {
  const finished = { ...given, choices: given.choices.map((choice) => ({ ...choice, finish: FINISHES[choice.finish] ?? choice.finish })) };
  return eachParts((parts) => mergeParts(['text', 'reasoning'])(sorted(parts.map(canonicalArguments))))(finished);
}

codecLaws(ollama, { callArguments: 'object', choicesMax: 1, request, reply });
