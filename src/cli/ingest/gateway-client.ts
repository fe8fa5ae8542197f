/* The gateway's API, as far as handing in documents needs it. */

import type { Clock } from '../../base/clock.ts';
import { parseRetryAfter } from '../../base/retry-after.ts';
import type { SourceFile } from './sources.ts';

export interface KnownDocument {
  readonly id: string;
  readonly sha256: string;
  /** What it was handed in as, where this command did that. */
  readonly source: string | undefined;
  readonly indexed: boolean;
}

export interface UploadedDocument {
  readonly id: string;
  readonly duplicate: boolean;
  readonly indexed: boolean;
  readonly chunks: number;
}

export interface GatewayClientConfig {
  /** Without a slash at its end. */
  readonly url: string;
  readonly key: string | undefined;
  /** Empty: the one that is meant where none is named. */
  readonly collection: string;
  readonly timeoutMs: number;
}

export interface GatewayClientDeps {
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** The gateway says no; `status` 0 where it says nothing at all. */
export class GatewayRefusal extends Error {
  override readonly name = 'GatewayRefusal';
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

const PAGE = 100;
const TRIES = 6;
const WAIT_FIRST_MS = 500;
const WAIT_MAX_MS = 30_000;
const POLL_MS = 500;

export class GatewayClient {
  readonly #config: GatewayClientConfig;
  readonly #deps: GatewayClientDeps;
  /** One that was never reached is not waited for. */
  #isReached = false;

  constructor(config: GatewayClientConfig, deps: GatewayClientDeps) {
    this.#config = config;
    this.#deps = deps;
  }

  /** Those of the collection that the key may see. */
  async documents(): Promise<KnownDocument[]> {
    const { collection } = this.#config;
    const known: KnownDocument[] = [];
    let cursor: string | null = null;
    do {
      const query = new URLSearchParams({ limit: String(PAGE), collection, ...(cursor === null ? {} : { cursor }) });
      const page = (await this.#ask('GET', `/v1/upload?${query.toString()}`)) as Page;
      for (const { id, sha256, metadata, indexed } of page.data)
        known.push({ id, sha256, indexed, source: typeof metadata?.source === 'string' ? metadata.source : undefined });
      cursor = page.next_cursor;
    } while (cursor !== null);
    return known;
  }

  async upload({ filename, bytes }: SourceFile, source: string): Promise<UploadedDocument> {
    const { collection } = this.#config;
    const answer = (await this.#ask('POST', '/v1/upload', () => {
      const form = new FormData();
      if (collection !== '') form.set('collection', collection);
      form.set('metadata', JSON.stringify({ source }));
      form.set('file', new Blob([bytes]), filename);
      return form;
    })) as Uploaded;
    const { id, duplicate } = answer;
    let { indexed, chunks = 0 } = answer;
    // A long one is indexed after the answer.
    for (let waitedMs = 0; !indexed && waitedMs < this.#config.timeoutMs; waitedMs += POLL_MS) {
      await this.#deps.clock.sleep(POLL_MS, this.#deps.signal);
      ({ indexed, chunks = 0 } = (await this.#ask('GET', `/v1/upload/${id}`)) as Uploaded);
    }
    return { id, duplicate, indexed, chunks };
  }

  async remove(id: string): Promise<void> {
    await this.#ask('DELETE', `/v1/upload/${id}`);
  }

  /** Tries again what may come right by itself. */
  async #ask(method: string, path: string, body?: () => FormData): Promise<unknown> {
    const { clock, signal } = this.#deps;
    let waitMs = WAIT_FIRST_MS;
    for (let attempt = 1; ; attempt += 1) {
      const { status, json, retryAfterMs } = await this.#send(method, path, body?.());
      if (status >= 200 && status < 300) return json;
      const isPassing = status === 429 || status === 503 || (status === 0 && this.#isReached);
      if (!isPassing || attempt === TRIES) throw new GatewayRefusal(status, messageOf(json, status));
      await clock.sleep(Math.min(retryAfterMs ?? waitMs, WAIT_MAX_MS), signal);
      waitMs *= 2;
    }
  }

  async #send(method: string, path: string, body?: FormData): Promise<Answer> {
    const { url, key, timeoutMs } = this.#config;
    const late = new AbortController();
    const reason = new Error(`the gateway did not answer within ${timeoutMs} ms`);
    using _deadline = this.#deps.clock.after(timeoutMs, () => late.abort(reason));
    try {
      const reply = await fetch(`${url}${path}`, {
        method,
        ...(body === undefined ? {} : { body }),
        headers: key === undefined ? {} : { authorization: `Bearer ${key}` },
        signal: AbortSignal.any([this.#deps.signal, late.signal]),
        redirect: 'error',
      });
      const text = await reply.text();
      this.#isReached = true;
      return { status: reply.status, json: jsonOf(text), retryAfterMs: parseRetryAfter(reply.headers) };
    } catch (cause) {
      this.#deps.signal.throwIfAborted();
      return { status: 0, json: { error: { message: cause instanceof Error ? cause.message : String(cause) } }, retryAfterMs: undefined };
    }
  }
}

interface Answer {
  readonly status: number;
  readonly json: unknown;
  readonly retryAfterMs: number | undefined;
}

interface Page {
  readonly data: readonly { id: string; sha256: string; metadata?: { source?: unknown }; indexed: boolean }[];
  readonly next_cursor: string | null;
}

interface Uploaded {
  readonly id: string;
  readonly duplicate: boolean;
  readonly indexed: boolean;
  readonly chunks?: number;
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function messageOf(json: unknown, status: number): string {
  const { message } = (json as { error?: { message?: unknown } } | undefined)?.error ?? {};
  return typeof message === 'string' ? message : `the gateway answered ${status}`;
}
