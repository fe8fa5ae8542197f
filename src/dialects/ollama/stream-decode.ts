/* A stream of a chat's lines in our words. A call comes whole in one line; the last line says that it is done, and what it took. */

import { GatewayError } from '../../base/errors.ts';
import { scanJson } from '../../base/json-scan.ts';
import { createLineScanner, type LineSpan } from '../../base/ndjson.ts';
import type { ChatEvent, PartOpening } from '../../operations/chat-events.ts';
import type { ChatStreamDecoder } from '../dialect-codec.ts';
import { isRecord } from '../dialect-errors.ts';
import { toldText } from './errors.ts';
import { readUsage } from './reply.ts';
import { readCalls, readFinish, readOrigin, readProbabilities } from './reply-codec.ts';

/** An image or a long tool argument may come as one line; more than this is no line of a stream. */
const LINE_BYTES_MAX = 8 * 1_048_576;
const LINE_LIMITS = { depthMax: 512, nodesMax: 1_000_000, keyBytesMax: 65_536, membersMax: 1_024 };
const OBJECT_OPEN = 123;
const SPACE = 32;

type Json = Readonly<Record<string, unknown>>;

export class OllamaStreamDecoder implements ChatStreamDecoder {
  readonly #scanner = createLineScanner({ lineBytesMax: LINE_BYTES_MAX });
  readonly #onLine = (bytes: Uint8Array, span: Readonly<LineSpan>): void => this.#line(bytes, span);
  #told: ChatEvent[] = [];
  #isStarted = false;
  #isOver = false;
  #isTooled = false;
  #parts = 0;
  #current: { readonly kind: 'text' | 'reasoning'; readonly part: number } | undefined;

  push(chunk: Uint8Array): readonly ChatEvent[] {
    return this.#take(() => this.#scanner.push(chunk, this.#onLine));
  }

  finish(): readonly ChatEvent[] {
    return this.#take(() => {
      this.#scanner.end(this.#onLine);
      if (!this.#isOver) throw interrupted('the upstream cut its stream');
    });
  }

  #take(read: () => void): readonly ChatEvent[] {
    this.#told = [];
    if (this.#isOver) return this.#told;
    try {
      read();
    } catch (cause) {
      this.#isOver = true;
      this.#told.push({
        kind: 'failure',
        error: cause instanceof GatewayError ? cause : interrupted('the upstream sent a malformed line', cause),
      });
    }
    return this.#told;
  }

  #line(bytes: Uint8Array, { start, end, terminated }: Readonly<LineSpan>): void {
    if (this.#isOver) return;
    let first = start;
    while (first < end && (bytes[first] ?? 0) <= SPACE) first += 1;
    // What does not even begin as an object (a proxy's HTML, a stray line) holds nothing of the answer.
    if (first === end || bytes[first] !== OBJECT_OPEN) return;
    const scan = scanJson(bytes.subarray(start, end), LINE_LIMITS);
    const line: unknown = JSON.parse(decoder.decode(scan.bytes));
    if (!isRecord(line)) return;
    const { error } = line;
    if (error !== undefined && error !== null) throw interrupted(toldText(error) ?? 'the upstream reported an error inside its stream');
    if (!terminated && line['done'] !== true) throw interrupted('the upstream cut its stream inside a line');
    if (!this.#isStarted) {
      this.#isStarted = true;
      this.#told.push({ kind: 'start', ...readOrigin(line) });
    }
    this.#say(line);
    if (line['done'] !== true) return;
    this.#close();
    this.#told.push({ kind: 'finish', choice: 0, reason: readFinish(line['done_reason'], this.#isTooled) });
    const usage = readUsage(scan);
    if (usage !== undefined) this.#told.push({ kind: 'usage', usage });
    this.#told.push({ kind: 'end' });
    this.#isOver = true;
  }

  #say(line: Json): void {
    const message = isRecord(line['message']) ? line['message'] : {};
    this.#text('reasoning', message['thinking']);
    this.#text('text', message['content']);
    const tokens = readProbabilities(line['logprobs']);
    if (tokens.length > 0)
      this.#told.push({ kind: 'log-probabilities', tokens, choice: 0, part: this.#current?.part ?? this.#open('text') });
    for (const call of readCalls(message['tool_calls'])) {
      this.#isTooled = true;
      const { arguments: written, ...opening } = call;
      this.#close();
      const part = this.#begin(opening);
      if (written !== '') this.#told.push({ kind: 'arguments', text: written, choice: 0, part });
      this.#told.push({ kind: 'part-end', choice: 0, part });
    }
  }

  #text(kind: 'text' | 'reasoning', text: unknown): void {
    if (typeof text !== 'string' || text === '') return;
    this.#told.push({ kind: 'text', text, choice: 0, part: this.#open(kind) });
  }

  /** The open part of that kind; one is begun where there is none. */
  #open(kind: 'text' | 'reasoning'): number {
    if (this.#current?.kind === kind) return this.#current.part;
    this.#close();
    this.#current = { kind, part: this.#begin({ kind }) };
    return this.#current.part;
  }

  #begin(opening: PartOpening): number {
    const part = this.#parts;
    this.#parts += 1;
    this.#told.push({ kind: 'part', opening, choice: 0, part });
    return part;
  }

  #close(): void {
    if (this.#current !== undefined) this.#told.push({ kind: 'part-end', choice: 0, part: this.#current.part });
    this.#current = undefined;
  }
}

function interrupted(message: string, cause?: unknown): GatewayError {
  return new GatewayError('upstream_stream_interrupted', message, { cause });
}

const decoder = new TextDecoder();
