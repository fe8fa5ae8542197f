/*
 * The innermost handler of routes whose requests and replies pass as they are: pictures, sound, moderation. Plan, call, and the reply of the target that
 * answered, metered on its way. It differs from a model call (model-call.ts) in what passes: bodies that are forms, kept in a spool and sent anew for each
 * attempt; and replies that are files, or text. Nothing is put into another dialect here.
 */

import type { Clock } from '../base/clock.ts';
import { GatewayError } from '../base/errors.ts';
import type { ReadableHeaders } from '../base/readable-headers.ts';
import type { Dialect, ReplyFacts } from '../dialects/dialect.ts';
import type { Operation } from '../operations/operation.ts';
import type { Usage } from '../operations/usage.ts';
import type { Exchange } from '../pipeline/exchange.ts';
import { usageFact } from '../pipeline/facts.ts';
import type { Handler } from '../pipeline/policy.ts';
import type { Reply } from '../pipeline/reply.ts';
import type { GatewayRequest } from '../pipeline/request.ts';
import type { Plan } from '../routing/plan.ts';
import type { Router } from '../routing/router.ts';
import type { Target } from '../routing/target.ts';
import { noteAnswer, noteFailure } from './answered.ts';
import { UpstreamCallError } from './call-error.ts';
import { PassStart } from './pass-start.ts';
import { passThrough } from './pass-through.ts';
import { pumpStream } from './stream-pump.ts';
import type { StreamWatch } from './stream-watch.ts';
import { USER_AGENT } from './transport/hop-headers.ts';
import type { Candidate, ReplyReader, TransportRequest, Upstream, UpstreamReply } from './upstream.ts';

export interface PassCallConfig {
  /** Largest reply that is read in one piece; a larger one is cut off and tried elsewhere. */
  readonly replyBytesMax: number;
  /** Silence of a stream after which the caller is sent a ping; 0: never. */
  readonly pingIntervalMs: number;
}

export interface PassCallDeps {
  readonly router: Router;
  readonly upstream: Upstream;
  readonly dialects: ReadonlyMap<string, Dialect>;
  readonly clock: Clock;
  readonly random: () => number;
  readonly watch: StreamWatch;
  /** Headers that carry the trace on to the upstream. */
  readonly traceHeaders: (exchange: Exchange) => Readonly<Record<string, string>>;
}

/** Answers a route by handing its request to the targets that routing chose, of the caller's own dialect alone. */
export function createPassCall(config: PassCallConfig, deps: PassCallDeps): Handler {
  return (request, exchange) => {
    const { operation } = request;
    const dialect = operation === undefined ? undefined : deps.dialects.get(operation.dialect);
    if (operation === undefined || dialect === undefined) throw new Error(`${exchange.route.pattern} is no model route`);
    const { model, kind } = operation;
    const plan = deps.router.plan({ model, kind, dialect: dialect.name, sameDialect: true }, deps.random);
    return new PassCall({ config, deps, dialect, operation, exchange, plan }).run(request);
  };
}

interface PassCallInput {
  readonly config: PassCallConfig;
  readonly deps: PassCallDeps;
  readonly dialect: Dialect;
  readonly operation: Operation;
  readonly exchange: Exchange;
  readonly plan: Plan;
}

class PassCall {
  readonly #input: PassCallInput;
  /** What the winning attempt's answer said of itself, where it came in one piece. */
  #read: ReplyFacts = {};

  constructor(input: PassCallInput) {
    this.#input = input;
  }

  async run(request: GatewayRequest): Promise<Reply> {
    const { deps, exchange, operation, plan } = this.#input;
    const { totalMs, firstTokenMs } = plan.deadlines;
    try {
      const reply = await deps.upstream.call({
        candidates: plan.targets.map((target) => this.#candidate(target, request)),
        signal: exchange.signal,
        totalTimeoutMs: totalMs,
        firstTokenTimeoutMs: operation.stream || operation.reply === 'bytes' ? firstTokenMs : totalMs,
        replayable: true,
        retryContentPolicy: plan.retryContentPolicy,
      });
      return this.#reply(reply);
    } catch (cause) {
      if (cause instanceof UpstreamCallError) noteFailure(exchange, plan, cause);
      throw cause;
    }
  }

  #candidate(target: Target, request: GatewayRequest): Candidate {
    const { dialect, operation } = this.#input;
    let headers: Readonly<Record<string, string>> | undefined;
    return {
      name: target.id,
      group: target.group,
      provider: target.provider,
      expect: this.#expect(),
      classify: (status, replyHeaders, bytes) => dialect.classifyError(status, replyHeaders, bytes),
      prepare: (baseUrl): TransportRequest => {
        headers ??= { ...this.#headers(request), ...target.headers };
        const url = target.baseOf(baseUrl) + dialect.path(operation, target.model);
        const { upload } = operation;
        if (upload === undefined) {
          return { url, method: 'POST', headers, body: operation.encode(target.model, { streamUsage: target.streamUsage }) };
        }
        const body = upload.body(target.model);
        return { url, method: 'POST', headers: { ...headers, 'content-length': String(body.length) }, body: body.open(), renewed: true };
      },
    };
  }

  #headers(request: GatewayRequest): Record<string, string> {
    const { deps, exchange, dialect, operation } = this.#input;
    const passed = ['idempotency-key', ...(dialect.passedHeaders ?? [])].flatMap((name) => {
      const value = request.headers.get(name);
      return value === null ? [] : [[name, value] as const];
    });
    return {
      'content-type': operation.upload?.contentType ?? 'application/json',
      accept: operation.stream ? dialect.streamType(operation).media : operation.reply === undefined ? 'application/json' : '*/*',
      // Compressed bytes could not be metered without unpacking them.
      'accept-encoding': 'identity',
      'user-agent': USER_AGENT,
      ...dialect.headers,
      ...deps.traceHeaders(exchange),
      ...Object.fromEntries(passed),
    };
  }

  #expect(): ReplyReader {
    const { config, dialect, operation } = this.#input;
    const check = (bytes: Uint8Array, headers: ReadableHeaders) => this.#check(bytes, headers);
    if (!operation.stream && operation.reply !== 'bytes') return { kind: 'whole', bytesMax: config.replyBytesMax, check };
    const rules = {
      events: dialect.streamType(operation).matches,
      createMeter: () => dialect.createMeter(operation),
      check,
      mayBeFile: operation.reply === 'bytes',
      wholeBytesMax: config.replyBytesMax,
    };
    return { kind: 'stream', start: (headers) => new PassStart(rules, headers) };
  }

  /** An answer in one piece. Throws `upstream_reply_invalid` or `upstream_error`. */
  #check(bytes: Uint8Array, headers: ReadableHeaders): void {
    const { dialect, operation } = this.#input;
    const contentType = headers.get('content-type') ?? '';
    // A proxy's page, and an error told as a success, are answers to nothing.
    if (/text\/html/i.test(contentType)) throw unexpected(contentType);
    if (operation.reply === 'text') this.#read = {};
    else if (operation.reply === 'bytes') throw unexpected(contentType);
    else this.#read = dialect.inspectReply(operation, bytes);
  }

  #reply(reply: UpstreamReply): Reply {
    const { exchange, dialect, config, deps, plan, operation } = this.#input;
    const { body, status, start } = reply;
    if (body.kind === 'whole') {
      this.#note(reply, reply.refusal === undefined ? this.#read : {});
      return { status, headers: contentHeaders(reply.headers), body: body.bytes };
    }
    if (!(start instanceof PassStart)) throw new Error('a reply has begun without its reader');
    if (start.kind === 'whole') {
      body.settle('ok');
      this.#note(reply, this.#read);
      return { status, headers: contentHeaders(reply.headers), body: Buffer.concat(start.passed) };
    }
    const { meter, passed: first } = start;
    this.#note(reply, {
      ...(meter?.model === undefined ? {} : { model: meter.model }),
      ...(meter === undefined ? usageOfFile(operation) : {}),
    });
    if (meter === undefined) {
      const stream = passThrough(deps, { exchange, body, status, first, idleTimeoutMs: plan.deadlines.idleMs });
      return { status, headers: { ...contentHeaders(reply.headers), ...lengthHeader(reply.headers) }, body: stream };
    }
    const stream = pumpStream(
      { idleTimeoutMs: plan.deadlines.idleMs, pingIntervalMs: config.pingIntervalMs },
      { clock: deps.clock, watch: deps.watch },
      { exchange, dialect, meter, body, first, status },
    );
    return { status, headers: { 'content-type': dialect.streamType(operation).header, ...STREAM_HEADERS }, body: stream };
  }

  #note(reply: UpstreamReply, { usage, model }: ReplyFacts): void {
    const { exchange, plan } = this.#input;
    noteAnswer(exchange, { plan, reply, model });
    if (usage !== undefined) exchange.set(usageFact, usage);
  }
}

/** A file says nothing of what it cost: what is known is what was asked for. */
function usageOfFile({ inputCharacters }: Operation): { readonly usage?: Usage } {
  return inputCharacters === undefined ? {} : { usage: { inputCharacters } };
}

const STREAM_HEADERS = { 'cache-control': 'no-cache', 'x-accel-buffering': 'no' };

function contentHeaders(headers: ReadableHeaders): Record<string, string> {
  return { 'content-type': headers.get('content-type') ?? 'application/octet-stream' };
}

/** So that the caller, too, can tell a whole file from a cut one. */
function lengthHeader(headers: ReadableHeaders): Record<string, string> {
  const length = headers.get('content-length');
  return length === null ? {} : { 'content-length': length };
}

function unexpected(contentType: string): GatewayError {
  return new GatewayError('upstream_reply_invalid', `the upstream answered with '${contentType.slice(0, 100)}'`);
}
