/*
 * The answers of the unified chat: OpenAI's, under a name of their own, with what was found and how long it took.
 *
 *   whole      id, object, usage are set, `context` and `metadata` added; every other byte is the model's
 *   streamed   chunk for chunk as they come; then one more with usage, `context` and `metadata`; then `[DONE]`
 *
 * An error event passes as it came, and nothing comes after it.
 */

import { type JsonScan, memberJson, scanJson } from '../../base/json-scan.ts';
import { editMembers } from '../../base/json-splice.ts';
import { createSseScanner, parseEvent, type SseSpan } from '../../base/sse.ts';
import type { AnswerFacts, FormStream } from '../../operations/answer-form.ts';
import type { ToldMemory } from '../../operations/context-answer.ts';
import { REPLY_LIMITS } from '../dialect-body.ts';

/** Parts of the pipeline that a request asked for and that had no part in its answer. */
export type Skipped = 'memory' | 'knowledge';

/** What the parts around the generation found and did. */
interface Surroundings {
  readonly context: Readonly<Record<string, readonly unknown[]>>;
  readonly metadata: Readonly<Record<string, unknown>>;
}

function surroundings(facts: AnswerFacts, asked: readonly Skipped[]): Surroundings {
  const { context } = facts;
  return {
    context: {
      memories: context?.memories.map(toldMemory) ?? [],
      rag_documents:
        context?.documents.map(({ text, score, metadata }) => ({ text, score: hundredths(score * 100) / 100, metadata })) ?? [],
      ...(context === undefined || context.profile.length === 0 ? {} : { profile: context.profile.map(toldMemory) }),
    },
    metadata: {
      memory_retrieval_ms: hundredths(context?.memoryMs ?? 0),
      rag_retrieval_ms: hundredths(context?.knowledgeMs ?? 0),
      generation_ms: hundredths(facts.generationMs),
      total_latency_ms: hundredths(facts.totalMs),
      memories_retrieved: context?.memories.length ?? 0,
      rag_documents_retrieved: context?.documents.length ?? 0,
      memory_stored: context?.saved === 'stored',
      memory_id: context?.savedId ?? null,
      skipped: context?.skipped ?? asked,
      ...(context === undefined || context.leftOut.length === 0 ? {} : { left_out: context.leftOut }),
      cached: facts.cached,
    },
  };
}

function toldMemory({ id, text, score, atMs }: ToldMemory): object {
  return { text, score: hundredths(score * 100) / 100, timestamp: timestampOf(atMs), id };
}

/** To the second, as the older gateway told it. */
function timestampOf(ms: number): string {
  const date = new Date(ms);
  return Number.isNaN(date.getTime()) ? '' : date.toISOString().replace(/\.\d+Z$/, 'Z');
}

/** A whole answer. The bytes are known to be a chat completion. */
export function wholeAnswer(bytes: Uint8Array, facts: AnswerFacts, skipped: readonly Skipped[]): Uint8Array {
  const scan = scanJson(bytes, REPLY_LIMITS);
  const { context, metadata } = surroundings(facts, skipped);
  return editMembers(scan, {
    id: JSON.stringify(`unified-${facts.id}`),
    object: '"unified.chat.completion"',
    ...missing(scan, facts),
    usage: JSON.stringify(usageOf(memberJson(scan, 'usage'))),
    context: JSON.stringify(context),
    metadata: JSON.stringify(metadata),
  });
}

/** What an answer must say, where a careless server does not. */
function missing(scan: JsonScan, facts: AnswerFacts): Record<string, string> {
  return {
    ...(scan.get('created')?.kind === 'number' ? {} : { created: String(seconds(facts.nowMs)) }),
    ...(scan.get('model')?.kind === 'string' ? {} : { model: JSON.stringify(facts.model ?? null) }),
  };
}

/** An answer is read up to the length of what the stream pump lets through in one event. */
const EVENT_BYTES_MAX = 16 * 1_048_576;
const ARRAY_OPEN = 91;
const COLON = 58;
const encoder = new TextEncoder();

export class UnifiedStream implements FormStream {
  readonly #look: () => AnswerFacts;
  readonly #skipped: readonly Skipped[];
  readonly #id: string;
  readonly #renamed: { readonly id: string; readonly object: string };
  readonly #scanner = createSseScanner({ eventBytesMax: EVENT_BYTES_MAX });
  readonly #onEvent = (bytes: Uint8Array, span: Readonly<SseSpan>): void => this.#event(bytes, span);
  #parts: Uint8Array[] = [];
  #usage: unknown;
  #created: unknown;
  #model: unknown;

  constructor(look: () => AnswerFacts, skipped: readonly Skipped[]) {
    this.#look = look;
    this.#skipped = skipped;
    this.#id = `unified-${look().id}`;
    this.#renamed = { id: JSON.stringify(this.#id), object: '"unified.chat.completion.chunk"' };
  }

  push(chunk: Uint8Array): Uint8Array | undefined {
    this.#scanner.push(chunk, this.#onEvent);
    const parts = this.#parts;
    if (parts.length === 0) return undefined;
    this.#parts = [];
    return parts.length === 1 ? parts[0] : Buffer.concat(parts);
  }

  #event(bytes: Uint8Array, span: Readonly<SseSpan>): void {
    const block = bytes.subarray(span.start, span.end);
    if (span.dataStart === -1) {
      // A comment keeps a quiet stream alive. A blank line is half of a line end that was cut in two.
      if (block[0] === COLON) this.#parts.push(block);
      return;
    }
    if (bytes[span.dataStart] === ARRAY_OPEN) {
      // `[DONE]`: what comes last comes before it.
      this.#parts.push(event(JSON.stringify(this.#lastChunk())), block);
      return;
    }
    const data = span.dataLines === 1 ? bytes.subarray(span.dataStart, span.dataEnd) : onOneLine(block);
    const scan = scanJson(data, REPLY_LIMITS);
    const failed = scan.get('error');
    if (failed !== undefined && failed.kind !== 'null') this.#parts.push(block);
    else if (!this.#holdBack(scan)) this.#parts.push(event(editMembers(scan, this.#renamed)));
  }

  /** Remembers what the last chunk needs; true for a chunk that says nothing but usage, which the last one tells as well. */
  #holdBack(scan: JsonScan): boolean {
    this.#created ??= memberJson(scan, 'created');
    this.#model ??= memberJson(scan, 'model');
    if ((scan.get('usage')?.kind ?? 'null') === 'null') return false;
    this.#usage = memberJson(scan, 'usage');
    const choices = memberJson(scan, 'choices');
    return Array.isArray(choices) && choices.length === 0;
  }

  #lastChunk(): object {
    const facts = this.#look();
    return {
      id: this.#id,
      object: 'unified.chat.completion.chunk',
      created: this.#created ?? seconds(facts.nowMs),
      model: this.#model ?? facts.model ?? null,
      choices: [],
      usage: usageOf(this.#usage),
      ...surroundings(facts, this.#skipped),
    };
  }
}

/** The lines of one event; between them there is only space, for no text in JSON holds a line feed. */
function onOneLine(block: Uint8Array): Uint8Array {
  return encoder.encode(parseEvent(block).data?.replaceAll('\n', ' '));
}

function event(json: string | Uint8Array): Uint8Array {
  return Buffer.concat([DATA, typeof json === 'string' ? encoder.encode(json) : json, BLANK_LINE]);
}

const DATA = encoder.encode('data: ');
const BLANK_LINE = encoder.encode('\n\n');

/** As the upstream counted it. What it did not count is not known, which is not 0. */
function usageOf(given: unknown): object {
  const usage = { prompt_tokens: null, completion_tokens: null, total_tokens: null, ...(isRecord(given) ? given : {}) };
  const { prompt_tokens: input, completion_tokens: output, total_tokens: total } = usage as Record<string, unknown>;
  return total === null && typeof input === 'number' && typeof output === 'number' ? { ...usage, total_tokens: input + output } : usage;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function seconds(ms: number): number {
  return Math.floor(ms / 1_000);
}

function hundredths(ms: number): number {
  return Math.round(ms * 100) / 100;
}
