/*
 * Qdrant's REST API, as far as vectors of records need it. Source: the OpenAPI document of Qdrant 1.18 (docs/redoc in qdrant/qdrant); nothing here is newer than 1.11,
 * which first had `is_tenant`. Every call ends in time, and rejects with a GatewayError `storage_unavailable`.
 */

import { type Abortable, platformSignal, withDeadline } from '../../base/abort.ts';
import type { Clock } from '../../base/clock.ts';
import { storageFault } from '../storage-fault.ts';

export interface QdrantConfig {
  /** `http(s)://host[:port][/path]`, without a trailing slash. */
  readonly url: string;
  /** Sent as `api-key`. */
  readonly apiKey?: string;
  /** Longest time of one call. */
  readonly timeoutMs: number;
}

export interface QdrantDeps {
  readonly clock: Clock;
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>;
}

export interface QdrantCall {
  readonly method: 'GET' | 'PUT' | 'POST' | 'DELETE';
  /** Below the URL, with its query. */
  readonly path: string;
  readonly body?: unknown;
  readonly signal?: Abortable;
  /** Statuses that are an answer, though no success: the result is undefined. */
  readonly accept?: readonly number[];
}

const REPLY_BYTES_MAX = 64 * 1_048_576;
const SAID_CHARS_MAX = 300;

export class QdrantClient {
  readonly #config: QdrantConfig;
  readonly #deps: QdrantDeps;

  constructor(config: QdrantConfig, deps: QdrantDeps) {
    this.#config = config;
    this.#deps = deps;
  }

  /** `result` of the answer. */
  async call({ method, path, body, signal = NEVER_ABORTS, accept = [] }: QdrantCall): Promise<unknown> {
    const { url, apiKey, timeoutMs } = this.#config;
    const reason = (): Error => new Error(`Qdrant did not answer within ${timeoutMs} ms`);
    using deadline = withDeadline(signal, { deadlineMs: timeoutMs, clock: this.#deps.clock, reason });
    using platform = platformSignal(deadline.signal);
    try {
      const response = await this.#deps.fetch(url + path, {
        method,
        headers: { 'content-type': 'application/json', ...(apiKey === undefined ? {} : { 'api-key': apiKey }) },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        // A redirect would carry the key to wherever it leads.
        redirect: 'error',
        signal: platform.signal,
      });
      const text = await bounded(response);
      if (accept.includes(response.status)) return undefined;
      if (!response.ok) throw new Error(`Qdrant answered ${method} ${path.split('?')[0]} with ${response.status}: ${saidIn(text)}`);
      return resultIn(text);
    } catch (cause) {
      // The caller is gone, and wants no reason of ours.
      if (signal.aborted) throw signal.reason;
      throw storageFault('Vectors', cause);
    }
  }
}

const NEVER_ABORTS: AbortSignal = new AbortController().signal;

async function bounded(response: Response): Promise<string> {
  const decoder = new TextDecoder();
  const stream: AsyncIterable<Uint8Array> | null = response.body;
  let text = '';
  let bytes = 0;
  // Leaving the loop ends the stream.
  for await (const chunk of stream ?? []) {
    bytes += chunk.byteLength;
    if (bytes > REPLY_BYTES_MAX) throw new Error(`Qdrant answers with more than ${REPLY_BYTES_MAX} bytes`);
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

/** `{"status": {"error": "…"}, "time": 0}`. */
function saidIn(text: string): string {
  const status = memberOf(parse(text), 'status');
  const error = memberOf(status, 'error');
  return (typeof error === 'string' ? error : text).slice(0, SAID_CHARS_MAX);
}

function resultIn(text: string): unknown {
  const result = memberOf(parse(text), 'result');
  if (result === undefined) throw new Error('Qdrant answers with what is not its answer');
  return result;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export function memberOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>)[name] : undefined;
}
