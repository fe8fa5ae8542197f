/** The events of one answer of the realtime API, before any is sent: what opens it, one group for each token, and what closes it. */
import { type Answer, answerTokens, callPieces } from '../answer.ts';
import { isObject, type JsonObject } from '../json-instance.ts';
import { companded, piece } from '../sound.ts';
import { isSpoken, outputAudio, outputFormat, type SessionConfig } from './session-config.ts';

export type ServerEvent = { readonly type: string } & JsonObject;

/** Pieces of sound, and so audio tokens, of one word or part of a word. */
const PIECES_PER_TOKEN = 2;

export interface Asked {
  readonly responseId: string;
  /** Of the n-th item of the answer. */
  readonly itemId: (index: number) => string;
  /** Null: outside of the conversation. */
  readonly conversationId: string | null;
  /** The item that it answers. */
  readonly previousItemId: string | null;
  readonly config: SessionConfig;
  readonly metadata: unknown;
  readonly given: Answer;
  readonly seed: number;
  readonly inputTokens: { readonly text: number; readonly audio: number };
}

export type Ending =
  | { readonly status: 'completed' | 'in_progress' }
  | { readonly status: 'incomplete'; readonly reason: 'max_output_tokens' }
  | { readonly status: 'cancelled'; readonly reason: 'client_cancelled' }
  | { readonly status: 'failed'; readonly error: JsonObject };

/** One item of an answer, as far as it has come. */
interface Part {
  readonly opening: readonly ServerEvent[];
  readonly tokenCount: number;
  token(index: number): readonly ServerEvent[];
  closing(sent: number, isWhole: boolean): readonly ServerEvent[];
  wire(sent: number, isWhole: boolean): JsonObject & { readonly id: string };
  /** What it says, for the conversation. */
  text(sent: number): string;
}

export interface Plan {
  readonly opening: readonly ServerEvent[];
  readonly tokenCount: number;
  token(index: number): readonly ServerEvent[];
  /** The events that end what was begun, but for `response.done`. */
  closing(sent: number, ending: Ending): readonly ServerEvent[];
  done(sent: number, ending: Ending, isUsageTold: boolean): ServerEvent;
  /** The items, for the conversation. */
  items(sent: number, ending: Ending): readonly { readonly wire: JsonObject & { readonly id: string }; readonly text: string }[];
}

export function planResponse(asked: Asked): Plan {
  const parts = partsOf(asked);
  const begins: number[] = [];
  let tokenCount = 0;
  for (const part of parts) {
    begins.push(tokenCount);
    tokenCount += part.tokenCount;
  }
  /** The part that a token belongs to, and its place there. */
  const placeOf = (index: number) => {
    const at = begins.findLastIndex((begin) => begin <= index);
    return { at, inside: index - (begins[at] ?? 0) };
  };
  const begun = (sent: number, isWhole: boolean) => (isWhole ? parts : parts.slice(0, placeOf(Math.max(0, sent - 1)).at + 1));
  const sentOf = (sent: number, at: number) => Math.max(0, Math.min(parts[at]?.tokenCount ?? 0, sent - (begins[at] ?? 0)));
  const isWholeAt = (at: number, sent: number, ending: Ending) =>
    ending.status === 'completed' || sentOf(sent, at) === parts[at]?.tokenCount;
  return {
    opening: [
      responseEvent('response.created', asked, { ending: { status: 'in_progress' }, output: [], usage: null }),
      ...(parts[0]?.opening ?? []),
    ],
    tokenCount,
    token(index) {
      const { at, inside } = placeOf(index);
      const part = parts[at];
      if (part === undefined) return [];
      const before = parts[at - 1];
      const turn = inside === 0 && before !== undefined ? [...before.closing(before.tokenCount, true), ...part.opening] : [];
      return [...turn, ...part.token(inside)];
    },
    closing(sent, ending) {
      const at = begun(sent, ending.status === 'completed').length - 1;
      return parts[at]?.closing(sentOf(sent, at), isWholeAt(at, sent, ending)) ?? [];
    },
    done(sent, ending, isUsageTold) {
      const output = begun(sent, ending.status === 'completed').map((part, at) => part.wire(sentOf(sent, at), isWholeAt(at, sent, ending)));
      return responseEvent('response.done', asked, { ending, output, usage: isUsageTold ? usageOf(asked, sent) : null });
    },
    items: (sent, ending) =>
      begun(sent, ending.status === 'completed').map((part, at) => ({
        wire: part.wire(sentOf(sent, at), isWholeAt(at, sent, ending)),
        text: part.text(sentOf(sent, at)),
      })),
  };
}

interface ResponseState {
  readonly ending: Ending;
  readonly output: readonly JsonObject[];
  readonly usage: JsonObject | null;
}

function responseEvent(type: string, asked: Asked, { ending, output, usage }: ResponseState): ServerEvent {
  const { status, ...details } = ending;
  const response = {
    object: 'realtime.response',
    id: asked.responseId,
    status,
    status_details: Object.keys(details).length === 0 ? null : { type: status, ...details },
    output,
    conversation_id: asked.conversationId,
    output_modalities: asked.config['output_modalities'],
    max_output_tokens: asked.config['max_output_tokens'],
    audio: outputAudio(asked.config),
    usage,
    metadata: isObject(asked.metadata) ? asked.metadata : null,
  };
  return { type, response };
}

function usageOf({ given, config, inputTokens }: Asked, sent: number): JsonObject {
  const audio = given.kind !== 'tools' && isSpoken(config) ? sent * PIECES_PER_TOKEN : 0;
  // A call that was opened is a token itself.
  const text = given.kind === 'tools' ? Math.max(sent, answerTokens(given)) : sent;
  const input = inputTokens.text + inputTokens.audio;
  return {
    total_tokens: input + text + audio,
    input_tokens: input,
    output_tokens: text + audio,
    input_token_details: {
      text_tokens: inputTokens.text,
      audio_tokens: inputTokens.audio,
      image_tokens: 0,
      cached_tokens: 0,
      cached_tokens_details: { text_tokens: 0, audio_tokens: 0, image_tokens: 0 },
    },
    output_token_details: { text_tokens: text, audio_tokens: audio },
  };
}

function partsOf(asked: Asked): readonly Part[] {
  const { given } = asked;
  if (given.kind !== 'tools') return [messagePart(asked, given.tokens)];
  return given.calls.map((call, index) => callPart(asked, index, { name: call.name, callId: call.id, pieces: callPieces(call) }));
}

function messagePart(asked: Asked, tokens: readonly string[]): Part {
  const id = asked.itemId(0);
  const spoken = isSpoken(asked.config);
  const place = { response_id: asked.responseId, item_id: id, output_index: 0, content_index: 0 };
  const part = (text: string) => (spoken ? { type: 'audio', transcript: text } : { type: 'text', text });
  const textOf = (sent: number) => tokens.slice(0, sent).join('');
  const wire = (sent: number, isWhole: boolean) => {
    const content = spoken ? { type: 'output_audio', transcript: textOf(sent) } : { type: 'output_text', text: textOf(sent) };
    return {
      id,
      object: 'realtime.item',
      type: 'message',
      status: isWhole ? 'completed' : 'incomplete',
      role: 'assistant',
      content: [content],
    };
  };
  const begun = { id, object: 'realtime.item', type: 'message', status: 'in_progress', role: 'assistant', content: [] };
  return {
    opening: [...itemAdded(asked, begun, 0), { type: 'response.content_part.added', ...place, part: part('') }],
    tokenCount: tokens.length,
    token(index) {
      const delta = tokens[index] ?? '';
      if (!spoken) return [{ type: 'response.output_text.delta', ...place, delta }];
      return [
        { type: 'response.output_audio_transcript.delta', ...place, delta },
        { type: 'response.output_audio.delta', ...place, delta: soundOf(asked, index).toString('base64') },
      ];
    },
    closing(sent, isWhole) {
      const text = textOf(sent);
      const ends: ServerEvent[] = spoken
        ? [
            { type: 'response.output_audio.done', ...place },
            { type: 'response.output_audio_transcript.done', ...place, transcript: text },
          ]
        : [{ type: 'response.output_text.done', ...place, text }];
      return [...ends, { type: 'response.content_part.done', ...place, part: part(text) }, ...itemDone(asked, wire(sent, isWhole), 0)];
    },
    wire,
    text: textOf,
  };
}

interface PlannedCall {
  readonly name: string;
  readonly callId: string;
  readonly pieces: readonly string[];
}

function callPart(asked: Asked, index: number, { name, callId, pieces }: PlannedCall): Part {
  const id = asked.itemId(index);
  const place = { response_id: asked.responseId, item_id: id, output_index: index, call_id: callId };
  const textOf = (sent: number) => pieces.slice(0, sent).join('');
  const wire = (sent: number, isWhole: boolean) => ({
    id,
    object: 'realtime.item',
    type: 'function_call',
    status: isWhole ? 'completed' : 'incomplete',
    name,
    call_id: callId,
    arguments: textOf(sent),
  });
  return {
    opening: itemAdded(asked, { ...wire(0, false), status: 'in_progress' }, index),
    tokenCount: pieces.length,
    token: (at) => [{ type: 'response.function_call_arguments.delta', ...place, delta: pieces[at] ?? '' }],
    closing: (sent, isWhole) => [
      { type: 'response.function_call_arguments.done', ...place, name, arguments: textOf(sent) },
      ...itemDone(asked, wire(sent, isWhole), index),
    ],
    wire,
    text: (sent) => `${name} ${textOf(sent)}`,
  };
}

/** Outside the conversation an item is of the response alone. */
function itemAdded(asked: Asked, item: JsonObject, index: number): ServerEvent[] {
  const added: ServerEvent = { type: 'response.output_item.added', response_id: asked.responseId, output_index: index, item };
  return asked.conversationId === null
    ? [added]
    : [added, { type: 'conversation.item.added', previous_item_id: previousOf(asked, index), item }];
}

function itemDone(asked: Asked, item: JsonObject, index: number): ServerEvent[] {
  const done: ServerEvent = { type: 'response.output_item.done', response_id: asked.responseId, output_index: index, item };
  return asked.conversationId === null
    ? [done]
    : [{ type: 'conversation.item.done', previous_item_id: previousOf(asked, index), item }, done];
}

function previousOf(asked: Asked, index: number): string | null {
  return index === 0 ? asked.previousItemId : asked.itemId(index - 1);
}

function soundOf({ config, seed }: Asked, token: number): Buffer {
  const pieces = Array.from({ length: PIECES_PER_TOKEN }, (_, index) => piece(String(seed), token * PIECES_PER_TOKEN + index, seed));
  const samples = Buffer.concat(pieces);
  const format = outputFormat(config);
  if (format === 'audio/pcm') return samples;
  return companded(samples, format === 'audio/pcmu' ? 'pcmu' : 'pcma');
}
