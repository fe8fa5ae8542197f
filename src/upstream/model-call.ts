/*
 * The innermost handler of a model route: plan, call, and the reply in the caller's dialect. Everything before it was policy; everything
 * that may fail after it began is the pump's.
 */

import type { Clock } from '../base/clock.ts';
import { GatewayError } from '../base/errors.ts';
import type { ReadableHeaders } from '../base/readable-headers.ts';
import type { Dialect, ReplyFacts, StreamMeter } from '../dialects/dialect.ts';
import type { Operation } from '../operations/operation.ts';
import type { Exchange } from '../pipeline/exchange.ts';
import { upstreamFact, usageFact } from '../pipeline/facts.ts';
import type { Handler } from '../pipeline/policy.ts';
import type { Reply } from '../pipeline/reply.ts';
import type { GatewayRequest } from '../pipeline/request.ts';
import type { Deadlines, Plan } from '../routing/plan.ts';
import type { Router } from '../routing/router.ts';
import type { Target } from '../routing/target.ts';
import { UpstreamCallError } from './call-error.ts';
import { pumpStream } from './stream-pump.ts';
import type { StreamWatch } from './stream-watch.ts';
import { USER_AGENT } from './transport/hop-headers.ts';
import type { Candidate, ReplyReader, StreamStart, TransportRequest, Upstream, UpstreamReply } from './upstream.ts';

export interface ModelCallConfig {
  /** Largest whole reply; a larger one is cut off and tried elsewhere. */
  readonly replyBytesMax: number;
  /** Silence of a stream after which the caller is sent a ping; 0: never. */
  readonly pingIntervalMs: number;
}

export interface ModelCallDeps {
  readonly router: Router;
  readonly upstream: Upstream;
  readonly dialects: ReadonlyMap<string, Dialect>;
  readonly clock: Clock;
  readonly random: () => number;
  readonly watch: StreamWatch;
  /** Headers that carry the trace on to the upstream. */
  readonly traceHeaders: (exchange: Exchange) => Readonly<Record<string, string>>;
}

/** What a caller may say to the upstream by header. An open list would hand on credentials, cookies and routing of ours. */
const PASSED_HEADERS = ['openai-beta', 'idempotency-key'] as const;

/** Answers a model route by calling the targets that routing chose. */
export function createModelCall(config: ModelCallConfig, deps: ModelCallDeps): Handler {
  return (request, exchange) => {
    const { operation } = request;
    const dialect = operation === undefined ? undefined : deps.dialects.get(operation.dialect);
    if (operation === undefined || dialect === undefined) throw new Error(`${exchange.route.pattern} is no model route`);
    const plan = deps.router.plan(operation, deps.random);
    const call = new ModelCall({ config, deps, dialect, operation, exchange, plan });
    return call.run(request);
  };
}

interface ModelCallInput {
  readonly config: ModelCallConfig;
  readonly deps: ModelCallDeps;
  readonly dialect: Dialect;
  readonly operation: Operation;
  readonly exchange: Exchange;
  readonly plan: Plan;
}

class ModelCall {
  readonly #input: ModelCallInput;
  /** What the winning attempt's whole reply said of itself. */
  #facts: ReplyFacts = {};

  constructor(input: ModelCallInput) {
    this.#input = input;
  }

  async run(request: GatewayRequest): Promise<Reply> {
    const { deps, exchange, operation, dialect, plan } = this.#input;
    const headers = this.#sharedHeaders(request);
    try {
      const reply = await deps.upstream.call({
        candidates: plan.targets.map((target) => this.#candidate(target, headers)),
        signal: exchange.signal,
        totalTimeoutMs: plan.deadlines.totalMs,
        firstTokenTimeoutMs: operation.stream ? plan.deadlines.firstTokenMs : plan.deadlines.totalMs,
        replayable: true,
        retryContentPolicy: plan.retryContentPolicy,
        expect: this.#expect(),
        classify: (status, replyHeaders, bytes) => dialect.classifyError(status, replyHeaders, bytes),
      });
      return this.#reply(reply, plan.deadlines);
    } catch (cause) {
      if (cause instanceof UpstreamCallError) this.#recordFailure(cause);
      throw cause;
    }
  }

  #sharedHeaders(request: GatewayRequest): Record<string, string> {
    const { deps, dialect, exchange, operation } = this.#input;
    const headers: Record<string, string> = {
      'content-type': 'application/json',
      accept: operation.stream ? dialect.streamType.media : 'application/json',
      // Compressed bytes could not be metered without unpacking them, and a stream of tokens gains little.
      'accept-encoding': 'identity',
      'user-agent': USER_AGENT,
    };
    const trace = deps.traceHeaders(exchange);
    for (const name in trace) headers[name] = trace[name] ?? '';
    for (const name of PASSED_HEADERS) {
      const value = request.headers.get(name);
      if (value !== null) headers[name] = value;
    }
    return headers;
  }

  #candidate(target: Target, shared: Readonly<Record<string, string>>): Candidate {
    const { dialect, operation } = this.#input;
    if (target.dialect !== dialect.name)
      throw new Error(`${target.id} speaks ${target.dialect}, which nothing here translates from ${dialect.name}`);
    const path = dialect.path(operation);
    // Made when the target's turn comes: most fallbacks are never asked, and a body may be megabytes.
    let sent: Pick<TransportRequest, 'headers' | 'body'> | undefined;
    return {
      name: target.id,
      group: target.group,
      prepare: (baseUrl) => {
        sent ??= { headers: { ...shared, ...target.headers }, body: operation.encode(target.model, { streamUsage: target.streamUsage }) };
        return { url: target.baseOf(baseUrl) + path, method: 'POST', ...sent };
      },
    };
  }

  #expect(): ReplyReader {
    const { config, dialect, operation } = this.#input;
    if (operation.stream) return { kind: 'stream', start: (headers) => new ModelStreamStart(dialect, operation, headers) };
    return {
      kind: 'whole',
      bytesMax: config.replyBytesMax,
      check: (bytes) => {
        this.#facts = dialect.inspectReply(operation, bytes);
      },
    };
  }

  #reply(reply: UpstreamReply, deadlines: Deadlines): Reply {
    const { exchange, dialect, config, deps } = this.#input;
    const { body, status, start } = reply;
    if (body.kind === 'whole') {
      this.#record(reply, this.#facts.model);
      if (this.#facts.usage !== undefined) exchange.set(usageFact, this.#facts.usage);
      return { status, headers: { 'content-type': reply.headers.get('content-type') ?? 'application/json' }, body: body.bytes };
    }
    if (!(start instanceof ModelStreamStart)) throw new Error('a stream has begun without its meter');
    this.#record(reply, start.meter.model);
    const stream = pumpStream(
      { idleTimeoutMs: deadlines.idleMs, pingIntervalMs: config.pingIntervalMs },
      { clock: deps.clock, watch: deps.watch },
      { exchange, dialect, meter: start.meter, body, first: start.passed, status },
    );
    return { status, headers: { 'content-type': dialect.streamType.header, ...STREAM_HEADERS }, body: stream };
  }

  #record(reply: UpstreamReply, model: string | undefined): void {
    const { exchange, deps, plan } = this.#input;
    const { attempts, candidate } = reply;
    const target = plan.targets.find(({ id }) => id === candidate.name);
    const answered = model ?? target?.model ?? plan.model;
    exchange.set(upstreamFact, {
      target: candidate.name,
      provider: target?.provider ?? candidate.group,
      model: answered,
      attempts,
      firstTokenMs: deps.clock.monotonic() - exchange.startedAtMs,
    });
    const headers = exchange.replyHeaders;
    headers['x-gatehouse-provider'] = target?.provider ?? candidate.group;
    headers['x-gatehouse-model'] = headerText(answered);
    headers['x-gatehouse-attempts'] = String(attempts.length);
    if (attempts.length > 1) headers['x-gatehouse-fallbacks'] = String(new Set(attempts.map((attempt) => attempt.target)).size - 1);
  }

  #recordFailure(failure: UpstreamCallError): void {
    const { exchange, plan } = this.#input;
    const last = failure.attempts.at(-1);
    const target = plan.targets.find(({ id }) => id === last?.target) ?? plan.targets[0];
    if (target === undefined) return;
    exchange.set(upstreamFact, { target: target.id, provider: target.provider, model: target.model, attempts: failure.attempts });
    exchange.replyHeaders['x-gatehouse-attempts'] = String(failure.attempts.length);
  }
}

const STREAM_HEADERS = { 'cache-control': 'no-cache', 'x-accel-buffering': 'no' };

/** An upstream chooses its model's name; in a header of ours only visible ASCII may stand. */
function headerText(text: string): string {
  return text.replace(/[^\x21-\x7e]/g, '?').slice(0, 200);
}

/** Reads a stream up to its first token, so that until then another target can take over without the caller's notice. */
class ModelStreamStart implements StreamStart {
  readonly meter: StreamMeter;
  readonly passed: Uint8Array[] = [];

  constructor(dialect: Dialect, operation: Operation, headers: ReadableHeaders) {
    this.meter = dialect.createMeter(operation);
    const contentType = headers.get('content-type') ?? '';
    if (!dialect.streamType.matches.test(contentType)) {
      throw new GatewayError('upstream_reply_invalid', `the upstream answered a stream request with '${contentType.slice(0, 100)}'`);
    }
  }

  push(chunk: Uint8Array): boolean {
    const passed = this.meter.push(chunk);
    if (passed !== undefined) this.passed.push(passed);
    if (this.meter.failure !== undefined) throw beforeFirstToken(this.meter.failure);
    return this.meter.started || this.meter.ended;
  }

  end(): void {
    // The pump will call `finish` and decide again; here it only matters that an answer without a single event is a failed attempt.
    if (!this.meter.started) throw new GatewayError('upstream_reply_invalid', 'the upstream ended its stream before the first token');
  }
}

function beforeFirstToken(failure: GatewayError): GatewayError {
  return new GatewayError('upstream_error', failure.message, failure.options);
}
