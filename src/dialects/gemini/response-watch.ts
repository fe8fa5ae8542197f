/*
 * What the responses of one stream say of the answer as a whole. Every response has all kinds of members, so little of each is read: who answers, once; why
 * it ends, where a search finds that it says so; and the usage so far, when somebody asks.
 */

import type { GatewayError } from '../../base/errors.ts';
import { type JsonScan, JsonScanError, memberJson, memberString, scanJson } from '../../base/json-scan.ts';
import type { Usage } from '../../operations/usage.ts';
import { isRecord } from '../dialect-errors.ts';
import { interrupted, toldError } from './errors.ts';
import { fieldsOf, listOf } from './fields.ts';
import { readUsage } from './usage.ts';

/** An image comes as one response; more than this is no part of a stream. */
export const RESPONSE_BYTES_MAX = 32 * 1_048_576;

// As for requests, less what only a caller could mean ill: what a search found is deep and wide.
const LIMITS = { depthMax: 64, nodesMax: 1_000_000, keyBytesMax: 65_536, membersMax: 1_024 };

const ENDINGS = ['"finishReason"', '"finish_reason"'] as const;

export class ResponseWatch {
  started = false;
  ended = false;
  failure: GatewayError | undefined;
  model: string | undefined;
  readonly #wanted: number;
  readonly #finished = new Set<number>();
  #seen = 0;
  #usage: Uint8Array | undefined;

  /** `wanted`: how many answers were asked for. */
  constructor(wanted: number) {
    this.#wanted = wanted;
  }

  get usage(): Usage | undefined {
    return this.#usage === undefined ? undefined : readUsage(JSON.parse(decoder.decode(this.#usage)));
  }

  /** Reads one response. Where it must not go to the caller, `failure` says why. */
  look(data: Uint8Array): void {
    let scan: JsonScan;
    try {
      scan = scanJson(data, LIMITS);
    } catch (cause) {
      if (!(cause instanceof JsonScanError)) throw cause;
      this.failure = interrupted('the upstream sent a malformed response inside its stream', cause);
      return;
    }
    const error = scan.get('error');
    if (error !== undefined && error.kind !== 'null') {
      this.failure = toldError('upstream_stream_interrupted', { error: memberJson(scan, 'error') });
      return;
    }
    this.model ??= memberString(scan, 'modelVersion');
    const usage = scan.get('usageMetadata');
    // A copy: the buffer it stands in is large, and the next one comes soon.
    if (usage?.kind === 'object') this.#usage = data.slice(usage.start, usage.end);
    const candidates = scan.get('candidates');
    if (candidates?.kind === 'array') this.#candidates(scan, data.subarray(candidates.start, candidates.end));
    if (scan.get('promptFeedback') !== undefined) this.#feedback(memberJson(scan, 'promptFeedback'));
  }

  #candidates(scan: JsonScan, bytes: Uint8Array): void {
    const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (this.started && this.#wanted === 1 && !ENDINGS.some((name) => view.includes(name))) return;
    for (const value of listOf(memberJson(scan, 'candidates'))) {
      const candidate = fieldsOf(value) ?? {};
      const index = typeof candidate['index'] === 'number' ? candidate['index'] : 0;
      this.#seen = Math.max(this.#seen, index + 1);
      if (typeof candidate['finishReason'] === 'string') {
        this.started = true;
        if (this.#finished.size < CANDIDATES_MAX) this.#finished.add(index);
      } else if (hasParts(candidate['content'])) this.started = true;
    }
    this.ended ||= this.#finished.size >= Math.max(this.#wanted, this.#seen);
  }

  /** A prompt that is blocked is answered by that alone. */
  #feedback(value: unknown): void {
    if (typeof fieldsOf(value)?.['blockReason'] !== 'string') return;
    this.started = true;
    this.ended = true;
  }
}

/** The API knows of eight. */
const CANDIDATES_MAX = 1_000;
const decoder = new TextDecoder();

function hasParts(content: unknown): boolean {
  return listOf(isRecord(content) ? content['parts'] : undefined).some(
    (part) => isRecord(part) && !(Object.keys(part).length === 1 && part['text'] === ''),
  );
}
