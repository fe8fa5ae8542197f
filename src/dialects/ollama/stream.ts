/*
 * Watches a stream of Ollama's lines, and lets it through byte for byte, whole lines at a time. Two things may not go through: a line with
 * `error`, which is told in our words, and what is no JSON at all. The last line has `done: true`, and the usage with it.
 *
 * Sources: Ollama's docs/api.md and streamResponse in server/routes.go; ollama-js' AbortableAsyncIterator (what clients accept).
 */

import { GatewayError } from '../../base/errors.ts';
import { type JsonScan, JsonScanError, memberBoolean, memberJson, memberString, scanJson } from '../../base/json-scan.ts';
import { createLineScanner, type LineSpan } from '../../base/ndjson.ts';
import type { Usage } from '../../operations/usage.ts';
import type { StreamMeter } from '../dialect.ts';
import { Passage } from '../dialect-passage.ts';
import { toldText } from './errors.ts';
import { readUsage } from './reply.ts';

/** An image or a long tool argument may come as one line; more than this is no line of a stream. */
const LINE_BYTES_MAX = 8 * 1_048_576;
const LINE_LIMITS = { depthMax: 64, nodesMax: 1_000_000, keyBytesMax: 65_536, membersMax: 1_024 };
const OBJECT_OPEN = 123;
const SPACE = 32;

export class OllamaStreamMeter implements StreamMeter {
  started = false;
  ended = false;
  failure: GatewayError | undefined;
  usage: Usage | undefined;
  model: string | undefined;

  readonly #scanner = createLineScanner({ lineBytesMax: LINE_BYTES_MAX });
  readonly #passage = new Passage();
  readonly #onLine = (bytes: Uint8Array, span: Readonly<LineSpan>): void => this.#line(bytes, span);

  push(chunk: Uint8Array): Uint8Array | undefined {
    try {
      this.#scanner.push(chunk, this.#onLine);
    } catch (cause) {
      throw interrupted('a line of the upstream is too long', cause);
    }
    return this.#passage.take(chunk);
  }

  finish(): { whole: boolean; rest: Uint8Array | undefined } {
    this.#scanner.end(this.#onLine);
    return { whole: this.ended, rest: this.#passage.take(undefined) };
  }

  #line(bytes: Uint8Array, { start, end, terminated }: Readonly<LineSpan>): void {
    if (this.failure !== undefined) return;
    let first = start;
    while (first < end && (bytes[first] ?? 0) <= SPACE) first += 1;
    if (first === end) {
      // Of an empty line nothing is lost. One that the upstream did not finish would stand before the line that we may have to add.
      if (terminated) this.#passage.pass(bytes, start, end);
      return;
    }
    // What does not even begin as an object (a proxy's HTML, a stray line) holds nothing of the answer: it is left out.
    if (bytes[first] !== OBJECT_OPEN) return;
    const scan = this.#scan(bytes.subarray(start, end), terminated);
    if (scan === undefined || !this.#look(scan)) return;
    if (terminated || this.ended) this.#passage.pass(bytes, start, end);
    else this.failure = interrupted('the upstream cut its stream inside a line');
  }

  /** A line that is not JSON has lost a part of the answer: leaving it out would hide that. */
  #scan(line: Uint8Array, terminated: boolean): JsonScan | undefined {
    try {
      return scanJson(line, LINE_LIMITS);
    } catch (cause) {
      if (!(cause instanceof JsonScanError)) throw cause;
      this.failure = interrupted(terminated ? 'the upstream sent a malformed line' : 'the upstream cut its stream inside a line', cause);
      return undefined;
    }
  }

  /** False when the line must be withheld. */
  #look(scan: JsonScan): boolean {
    const told = scan.get('error');
    if (told !== undefined && told.kind !== 'null') {
      this.failure = interrupted(toldText(memberJson(scan, 'error')) ?? 'the upstream reported an error inside its stream');
      return false;
    }
    this.model ??= memberString(scan, 'model');
    const done = memberBoolean(scan, 'done') === true;
    if (!this.started && (done || hasContent(scan))) this.started = true;
    if (done) {
      this.ended = true;
      this.usage = readUsage(scan) ?? this.usage;
    }
    return true;
  }
}

/** Fields of a line in which a part of an answer may be: text, thoughts, calls, an image, or how far an image has come. */
const CONTENT_FIELDS = ['response', 'thinking', 'tool_calls', 'image', 'completed'] as const;

function hasContent(scan: JsonScan): boolean {
  if (CONTENT_FIELDS.some((name) => isSomething(memberJson(scan, name)))) return true;
  const message = memberJson(scan, 'message');
  if (typeof message !== 'object' || message === null) return false;
  return Object.entries(message).some(([name, value]) => name !== 'role' && isSomething(value));
}

function isSomething(value: unknown): boolean {
  return value !== undefined && value !== null && value !== '' && !(Array.isArray(value) && value.length === 0);
}

function interrupted(message: string, cause?: unknown): GatewayError {
  return new GatewayError('upstream_stream_interrupted', message, { cause });
}
