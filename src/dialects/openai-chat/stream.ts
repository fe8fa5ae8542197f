/*
 * Watches a stream of OpenAI chunks, and lets it through byte for byte.
 *
 * Three things may not go through: the usage chunk that we had asked for and the caller had not; an error event, which is told in our
 * words; and an event that is no JSON at all.
 *
 * Events are not parsed but for the few that matter, which a search for three keys finds: an unescaped `"usage"` or `"error"` in JSON is a
 * key or a whole string, never a part of a text, because quotes inside a string are escaped.
 *
 * Sources: platform.openai.com/docs/api-reference/chat/streaming; openai-node's Stream.fromSSEResponse (what clients accept).
 */

import { GatewayError } from '../../base/errors.ts';
import { JsonScanError, scanJson } from '../../base/json-scan.ts';
import { createSseScanner, parseEvent, type SseSpan } from '../../base/sse.ts';
import type { Usage } from '../../operations/usage.ts';
import type { StreamMeter } from '../dialect.ts';
import { Passage } from '../dialect-passage.ts';
import { errorFields } from './errors.ts';
import { usageIn } from './usage.ts';

/** An image or a long tool argument may come as one event; more than this is no chunk of a stream. */
const EVENT_BYTES_MAX = 8 * 1_048_576;

const USAGE_KEY = Buffer.from('"usage"');
const ERROR_KEY = Buffer.from('"error"');
const FINISH_KEY = Buffer.from('"finish_reason"');
const DONE = Buffer.from('data: [DONE]\n\n');
const OBJECT_OPEN = 123;
const ARRAY_OPEN = 91;

interface Chunk {
  readonly model?: unknown;
  readonly usage?: unknown;
  readonly x_groq?: unknown;
  readonly error?: unknown;
  readonly choices?: readonly Choice[];
}

interface Choice {
  readonly text?: unknown;
  readonly delta?: Readonly<Record<string, unknown>>;
  readonly finish_reason?: unknown;
}

export class OpenAiStreamMeter implements StreamMeter {
  started = false;
  ended = false;
  failure: GatewayError | undefined;
  usage: Usage | undefined;
  model: string | undefined;

  readonly #scanner = createSseScanner({ eventBytesMax: EVENT_BYTES_MAX });
  readonly #stripUsage: boolean;
  readonly #onEvent = (bytes: Uint8Array, span: Readonly<SseSpan>): void => this.#event(bytes, span);

  readonly #passage = new Passage();

  // Whether the chunk in hand holds either key anywhere; where it doesn't, none of its events is searched.
  #chunk: Uint8Array | undefined;
  #chunkHasKeys = false;
  /** The last chunk with a choice in it said why it ends: what may still come is the usage and `[DONE]`. */
  #finished = false;

  /** `stripUsage`: the usage chunk was our wish, not the caller's. */
  constructor(options: { readonly stripUsage: boolean }) {
    this.#stripUsage = options.stripUsage;
  }

  push(chunk: Uint8Array): Uint8Array | undefined {
    this.#chunk = chunk;
    this.#chunkHasKeys = contains(chunk, USAGE_KEY) || contains(chunk, ERROR_KEY);
    try {
      this.#scanner.push(chunk, this.#onEvent);
    } catch (cause) {
      throw interrupted('an event of the upstream is too long', cause);
    }
    return this.#passage.take(chunk);
  }

  finish(): { whole: boolean; rest: Uint8Array | undefined } {
    this.#chunk = undefined;
    this.#scanner.end(this.#onEvent);
    const rest = this.#passage.take(undefined);
    if (this.ended) return { whole: true, rest };
    // Without `[DONE]`, but after every other sign of an end: the answer is whole, and only the last line is missing.
    if (this.failure === undefined && this.#finished) return { whole: true, rest: rest === undefined ? DONE : Buffer.concat([rest, DONE]) };
    return { whole: false, rest };
  }

  #event(bytes: Uint8Array, span: Readonly<SseSpan>): void {
    if (this.failure !== undefined) return;
    if (span.dataStart === -1) {
      // Comments and blank lines pass, as they came.
      this.#passage.pass(bytes, span.start, span.end);
      return;
    }
    const first = bytes[span.dataStart];
    if (first === ARRAY_OPEN) {
      // `[DONE]`; nothing else that a chunk could be begins so.
      this.ended = true;
      this.#passage.pass(bytes, span.start, span.end);
      return;
    }
    // What does not even begin as a chunk (a proxy's HTML, a stray line) holds nothing of the answer: it is left out.
    if (first !== OBJECT_OPEN) return;
    if (!span.terminated) this.failure = interrupted('the upstream cut its stream inside an event');
    else if (this.#look(bytes, span)) this.#passage.pass(bytes, span.start, span.end);
  }

  /** Looks into one chunk as far as needed; false when it must be withheld. */
  #look(bytes: Uint8Array, span: Readonly<SseSpan>): boolean {
    const data = span.dataLines === 1 ? bytes.subarray(span.dataStart, span.dataEnd) : joinedData(bytes, span);
    // A chunk that is not JSON has lost a part of the answer: leaving it out would hide that.
    this.failure = checkJson(data);
    if (this.failure !== undefined) return false;
    if (contains(data, FINISH_KEY)) this.#finished = hasValue(data, FINISH_KEY) && isFinished(data);
    const named = span.nameStart !== -1;
    const keyed = bytes === this.#chunk ? this.#chunkHasKeys : true;
    if (!(named || !this.started || (keyed && (hasValue(data, USAGE_KEY) || contains(data, ERROR_KEY))))) return true;
    const chunk = JSON.parse(text(data)) as Chunk;
    // Azure begins with a chunk of filters, whose model is empty.
    if (typeof chunk.model === 'string' && chunk.model !== '') this.model ??= chunk.model;
    if (chunk.error !== undefined && chunk.error !== null) {
      this.failure = toldInBand(chunk);
      return false;
    }
    const choices = Array.isArray(chunk.choices) ? chunk.choices : [];
    if (!this.started && choices.some(hasContent)) this.started = true;
    const usage = usageIn(chunk);
    if (usage === undefined) return true;
    this.usage = usage;
    // Some servers put the usage into the last chunk with content, or into every chunk: those can't be left out.
    return !(this.#stripUsage && choices.length === 0);
  }
}

/** The standard lets a server spread one event over several `data` lines. */
function joinedData(bytes: Uint8Array, span: Readonly<SseSpan>): Uint8Array {
  return Buffer.from(parseEvent(bytes.subarray(span.start, span.end)).data ?? '');
}

function checkJson(data: Uint8Array): GatewayError | undefined {
  try {
    scanJson(data, CHUNK_LIMITS);
    return undefined;
  } catch (cause) {
    if (cause instanceof JsonScanError) return interrupted('the upstream sent a malformed event', cause);
    throw cause;
  }
}

const CHUNK_LIMITS = { depthMax: 64, nodesMax: 1_000_000, keyBytesMax: 65_536, membersMax: 1_024 };

function hasContent(choice: Choice): boolean {
  if (typeof choice.text === 'string' && choice.text !== '') return true;
  if (choice.finish_reason !== undefined && choice.finish_reason !== null) return true;
  const { delta } = choice;
  if (delta === undefined || delta === null) return false;
  return Object.entries(delta).some(
    ([name, value]) => name !== 'role' && value !== null && value !== '' && !(Array.isArray(value) && value.length === 0),
  );
}

function isFinished(data: Uint8Array): boolean {
  const { choices } = JSON.parse(text(data)) as Chunk;
  return Array.isArray(choices) && choices.some((choice: Choice) => typeof choice.finish_reason === 'string');
}

function toldInBand(chunk: Chunk): GatewayError {
  const told = errorFields(chunk);
  return new GatewayError('upstream_stream_interrupted', told?.message ?? 'the upstream reported an error inside its stream', {
    detail: { upstream: { type: told?.type ?? null, code: told?.code ?? null } },
  });
}

function interrupted(message: string, cause?: unknown): GatewayError {
  return new GatewayError('upstream_stream_interrupted', message, { cause });
}

function contains(bytes: Uint8Array, needle: Buffer): boolean {
  return indexOf(bytes, needle) !== -1;
}

/** Whether a member of that name has a value other than null: with usage asked for, every chunk but the last says `"usage":null`. */
function hasValue(bytes: Uint8Array, key: Buffer): boolean {
  let at = indexOf(bytes, key);
  if (at === -1) return false;
  at += key.length;
  while (at < bytes.length && (bytes[at] === 32 || bytes[at] === 58)) at += 1;
  return bytes[at] !== 110; // n
}

/** Buffer's search takes any bytes as `this`, and is native: 20 ns for a chunk, where a view of it as a Buffer would cost 50 more. */
// oxlint-disable-next-line typescript/no-unsafe-member-access -- the types of Bun say that a prototype is `any`
const search = Buffer.prototype.indexOf as (this: Uint8Array, needle: Uint8Array) => number;

function indexOf(bytes: Uint8Array, needle: Buffer): number {
  return search.call(bytes, needle);
}

const decoder = new TextDecoder();

function text(bytes: Uint8Array): string {
  return decoder.decode(bytes);
}
