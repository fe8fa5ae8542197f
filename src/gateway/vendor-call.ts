/*
 * Requests about files and batches, handed on to the provider that keeps them: bodies as they come, answers in one piece where they are JSON, and files as
 * they come.
 */

import type { Clock } from '../base/clock.ts';
import { CREDENTIAL_HEADERS } from '../base/credential-headers.ts';
import { GatewayError } from '../base/errors.ts';
import type { ReadableHeaders } from '../base/readable-headers.ts';
import type { Dialect } from '../dialects/dialect.ts';
import type { Exchange } from '../pipeline/exchange.ts';
import { upstreamFact } from '../pipeline/facts.ts';
import type { Reply } from '../pipeline/reply.ts';
import { dialectBase } from '../providers/provider.ts';
import { openGroup, type Provider, type Router, spokenBy } from '../routing/router.ts';
import { UpstreamCallError } from '../upstream/call-error.ts';
import { passThrough } from '../upstream/pass-through.ts';
import type { StreamWatch } from '../upstream/stream-watch.ts';
import { endToEndHeaders } from '../upstream/transport/hop-headers.ts';
import type { StreamStart, Upstream, UpstreamReply } from '../upstream/upstream.ts';

export interface VendorCallDeps {
  readonly router: Router;
  readonly upstream: Upstream;
  readonly dialect: Dialect;
  readonly clock: Clock;
  readonly watch: StreamWatch;
  readonly traceHeaders: (exchange: Exchange) => Readonly<Record<string, string>>;
}

export interface VendorAsked {
  readonly provider: Provider;
  readonly method: string;
  /** Below where the dialect begins at the provider, with its query. */
  readonly path: string;
  readonly body: Uint8Array | ReadableStream<Uint8Array> | null;
  /** The caller's, of which those go on that belong to the message. */
  readonly headers: Headers;
  readonly timeoutMs: number;
}

/** A whole answer that is JSON, or the provider's refusal of it. */
export interface VendorAnswer {
  readonly reply: Reply;
  /** Undefined where it is a refusal. */
  readonly json: Readonly<Record<string, unknown>> | undefined;
}

/** Metadata of a great many files is some megabytes. */
const JSON_BYTES_MAX = 32 * 1_048_576;
const IDLE_MS = 120_000;
const SAFE: ReadonlySet<string> = new Set(['GET', 'DELETE']);
/** Ours; what clients say of themselves; and what browsers do. */
const WITHHELD: ReadonlySet<string> = new Set([
  ...CREDENTIAL_HEADERS,
  'x-gatehouse-provider',
  'cookie',
  'origin',
  'referer',
  'host',
  'accept-encoding',
]);

/** A file on its way: the first of its bytes, or its end, has come. */
class FileStart implements StreamStart {
  readonly first: Uint8Array[] = [];

  push(chunk: Uint8Array): boolean {
    this.first.push(chunk);
    return true;
  }

  end(): void {}
}

export class VendorCall {
  readonly #deps: VendorCallDeps;

  constructor(deps: VendorCallDeps) {
    this.#deps = deps;
  }

  /** Throws an UpstreamCallError, or `upstream_reply_invalid` for what is no JSON object. */
  async json(asked: VendorAsked, exchange: Exchange, isInner = false): Promise<VendorAnswer> {
    let json: Readonly<Record<string, unknown>> | undefined;
    const check = (bytes: Uint8Array): void => {
      json = objectOf(bytes);
    };
    const reply = await this.#call(asked, exchange, { isInner, expect: { kind: 'whole', bytesMax: JSON_BYTES_MAX, check } });
    const bytes = reply.body.kind === 'whole' ? reply.body.bytes : null;
    return {
      reply: { status: reply.status, headers: { 'content-type': reply.headers.get('content-type') ?? 'application/json' }, body: bytes },
      json: reply.refusal === undefined ? json : undefined,
    };
  }

  /** A file, byte for byte. */
  async file(asked: VendorAsked, exchange: Exchange): Promise<Reply> {
    const reply = await this.#call(asked, exchange, { isInner: false, expect: { kind: 'stream', start: () => new FileStart() } });
    const { body, status, start } = reply;
    if (body.kind === 'whole') {
      return { status, headers: { 'content-type': reply.headers.get('content-type') ?? 'application/json' }, body: body.bytes };
    }
    const first = start instanceof FileStart ? start.first : [];
    const stream = passThrough(this.#deps, { exchange, body, status, first, idleTimeoutMs: IDLE_MS });
    return { status, headers: fileHeaders(reply.headers), body: stream };
  }

  async #call(asked: VendorAsked, exchange: Exchange, how: Pick<UpstreamReplyHow, 'expect' | 'isInner'>): Promise<UpstreamReply> {
    const { router, upstream, dialect, traceHeaders } = this.#deps;
    const { provider, method, path, body, timeoutMs } = asked;
    const spoken = spokenBy(provider, dialect.name);
    if (spoken === undefined) throw new Error(`${provider.name} does not speak ${dialect.name}`);
    const headers = {
      ...endToEndHeaders(asked.headers, (name) => WITHHELD.has(name) || (body === null && name.startsWith('content-'))),
      'accept-encoding': 'identity',
      ...traceHeaders(exchange),
      ...router.credentialOf(provider),
    };
    try {
      const reply = await upstream.call({
        candidates: [
          {
            name: provider.name,
            group: openGroup(provider),
            provider: provider.name,
            expect: how.expect,
            classify: (status, replyHeaders, bytes) => dialect.classifyError(status, replyHeaders, bytes),
            prepare: (baseUrl) => ({ url: dialectBase(provider.definition, spoken, baseUrl) + path, method, headers, body }),
          },
        ],
        signal: exchange.signal,
        totalTimeoutMs: timeoutMs,
        firstTokenTimeoutMs: timeoutMs,
        replayable: SAFE.has(method),
      });
      if (!how.isInner) this.#note(exchange, provider, reply.attempts);
      return reply;
    } catch (cause) {
      if (cause instanceof UpstreamCallError && !how.isInner) this.#note(exchange, provider, cause.attempts);
      throw cause;
    }
  }

  #note(exchange: Exchange, provider: Provider, attempts: UpstreamReply['attempts']): void {
    if (exchange.peek(upstreamFact) !== undefined) return;
    exchange.set(upstreamFact, { target: provider.name, provider: provider.name, attempts });
    exchange.replyHeaders['x-gatehouse-provider'] = provider.name;
    exchange.replyHeaders['x-gatehouse-attempts'] = String(attempts.length);
  }
}

interface UpstreamReplyHow {
  readonly expect: Parameters<Upstream['call']>[0]['candidates'][number]['expect'];
  /** One of several that an exchange asks: not what is told of it. */
  readonly isInner: boolean;
}

function objectOf(bytes: Uint8Array): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(bytes));
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch {
    // Told below.
  }
  throw new GatewayError('upstream_reply_invalid', "the upstream's reply is no JSON object");
}

function fileHeaders(given: ReadableHeaders): Record<string, string> {
  const headers: Record<string, string> = { 'content-type': given.get('content-type') ?? 'application/octet-stream' };
  for (const name of ['content-length', 'content-disposition', 'content-range', 'accept-ranges', 'etag']) {
    const value = given.get(name);
    if (value !== null) headers[name] = value;
  }
  return headers;
}
