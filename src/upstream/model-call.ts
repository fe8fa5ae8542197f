/*
 * The innermost handler of a model route: plan, call, and the reply in the caller's dialect. Everything before it was policy; everything
 * that may fail after it began is the pump's.
 */

import type { Clock } from '../base/clock.ts';
import { GatewayError } from '../base/errors.ts';
import type { ReadableHeaders } from '../base/readable-headers.ts';
import type { Dialect, StreamMeter } from '../dialects/dialect.ts';
import type { CrossingReport } from '../dialects/dialect-crossing.ts';
import type { Operation } from '../operations/operation.ts';
import type { Exchange } from '../pipeline/exchange.ts';
import { usageFact } from '../pipeline/facts.ts';
import type { Handler } from '../pipeline/policy.ts';
import type { Reply } from '../pipeline/reply.ts';
import type { GatewayRequest } from '../pipeline/request.ts';
import type { Plan } from '../routing/plan.ts';
import type { Router } from '../routing/router.ts';
import type { Target } from '../routing/target.ts';
import type { Logger } from '../telemetry/logger.ts';
import { headerText, noteAnswer, noteFailure } from './answered.ts';
import { UpstreamCallError } from './call-error.ts';
import { type Lane, type LaneDeps, type LaneReply, Lanes, refusal } from './model-lane.ts';
import { pumpStream } from './stream-pump.ts';
import type { StreamWatch } from './stream-watch.ts';
import { lossMode, type TranslationConfig } from './translation-config.ts';
import { USER_AGENT } from './transport/hop-headers.ts';
import type { Candidate, ReplyReader, StreamStart, TransportRequest, Upstream, UpstreamReply } from './upstream.ts';

export interface ModelCallConfig {
  /** Largest whole reply; a larger one is cut off and tried elsewhere. */
  readonly replyBytesMax: number;
  /** Silence of a stream after which the caller is sent a ping; 0: never. */
  readonly pingIntervalMs: number;
  /** What is done about that which a target's dialect has no word for. */
  readonly translation: TranslationConfig;
}

export interface ModelCallDeps extends Pick<LaneDeps, 'createId' | 'outputTokensMax'> {
  readonly router: Router;
  readonly upstream: Upstream;
  readonly dialects: ReadonlyMap<string, Dialect>;
  readonly clock: Clock;
  readonly random: () => number;
  readonly watch: StreamWatch;
  readonly logger: Logger;
  /** Headers that carry the trace on to the upstream. */
  readonly traceHeaders: (exchange: Exchange) => Readonly<Record<string, string>>;
}

/** What a caller may say to any upstream by header; what a dialect has beyond that it declares. An open list would hand on credentials, cookies and routing of ours. */
const PASSED_HEADERS: readonly string[] = ['idempotency-key'];

/** Answers a model route by calling the targets that routing chose. */
export function createModelCall(config: ModelCallConfig, deps: ModelCallDeps): Handler {
  const lanes: LaneDeps = { ...deps, now: () => deps.clock.now() };
  return (request, exchange) => {
    const { operation } = request;
    const dialect = operation === undefined ? undefined : deps.dialects.get(operation.dialect);
    if (operation === undefined || dialect === undefined) throw new Error(`${exchange.route.pattern} is no model route`);
    const plan = deps.router.plan(operation, deps.random);
    const call = new ModelCall({ config, deps, dialect, operation, exchange, plan, lanes: new Lanes(operation, lanes) });
    return call.run(request);
  };
}

interface ModelCallInput {
  readonly config: ModelCallConfig;
  readonly deps: ModelCallDeps;
  /** The caller's. */
  readonly dialect: Dialect;
  readonly operation: Operation;
  readonly exchange: Exchange;
  readonly plan: Plan;
  readonly lanes: Lanes;
}

class ModelCall {
  readonly #input: ModelCallInput;
  /** What the winning attempt's whole reply said of itself. */
  #read: LaneReply = {};

  constructor(input: ModelCallInput) {
    this.#input = input;
  }

  async run(request: GatewayRequest): Promise<Reply> {
    const { deps, exchange, operation, plan } = this.#input;
    try {
      const reply = await deps.upstream.call({
        candidates: plan.targets.map((target) => this.#candidate(target, request)),
        signal: exchange.signal,
        totalTimeoutMs: plan.deadlines.totalMs,
        firstTokenTimeoutMs: operation.stream ? plan.deadlines.firstTokenMs : plan.deadlines.totalMs,
        replayable: true,
        retryContentPolicy: plan.retryContentPolicy,
      });
      const target = plan.targets.find(({ id }) => id === reply.candidate.name);
      if (target === undefined) throw new Error(`'${reply.candidate.name}' answered, and was not asked`);
      return this.#reply(reply, target);
    } catch (cause) {
      if (cause instanceof UpstreamCallError) noteFailure(this.#input.exchange, plan, cause);
      throw cause;
    }
  }

  /** How a target is asked; an error where it can't be told what it would have to be told, or where the body is not what it should be. */
  #laneOf(target: Target): Lane | GatewayError {
    const { lanes, config } = this.#input;
    try {
      const lane = lanes.of(target);
      const refused = lane.report && refusal(lane.report, (name) => lossMode(config.translation, name) === 'reject');
      return refused ?? lane;
    } catch (cause) {
      if (cause instanceof GatewayError) return cause;
      throw cause;
    }
  }

  #headers({ dialect, asked }: Lane, request: GatewayRequest): Record<string, string> {
    const { deps, exchange, operation } = this.#input;
    const headers: Record<string, string> = {
      'content-type': 'application/json',
      accept: operation.stream ? dialect.streamType(asked).media : 'application/json',
      // Compressed bytes could not be metered without unpacking them, and a stream of tokens gains little.
      'accept-encoding': 'identity',
      'user-agent': USER_AGENT,
    };
    for (const name in dialect.headers) headers[name] = dialect.headers[name] ?? '';
    const trace = deps.traceHeaders(exchange);
    for (const name in trace) headers[name] = trace[name] ?? '';
    passHeaders(PASSED_HEADERS, request.headers, headers);
    // To a target of another dialect they mean nothing, or something else.
    if (dialect === this.#input.dialect) {
      passHeaders(dialect.passedHeaders ?? [], request.headers, headers);
      Object.assign(headers, this.#input.operation.headers);
    }
    return headers;
  }

  /** What a target is asked is made when its turn comes: most fallbacks never are, a crossing reads the whole body, and a body may be megabytes. */
  #candidate(target: Target, request: GatewayRequest): Candidate {
    let sent: Pick<TransportRequest, 'headers' | 'body'> | undefined;
    return {
      name: target.id,
      group: target.group,
      provider: target.provider,
      expect: this.#expect(target),
      classify: (status, replyHeaders, bytes) => this.#input.lanes.of(target).dialect.classifyError(status, replyHeaders, bytes),
      prepare: (baseUrl) => {
        const lane = this.#laneOf(target);
        if (lane instanceof GatewayError) return lane;
        sent ??= { headers: { ...this.#headers(lane, request), ...target.headers }, body: lane.body(target) };
        return { url: target.baseOf(baseUrl) + lane.dialect.path(lane.asked, target.model), method: 'POST', ...sent };
      },
    };
  }

  #expect(target: Target): ReplyReader {
    const { config, operation, lanes } = this.#input;
    if (operation.stream) {
      return {
        kind: 'stream',
        start: (headers) => {
          const lane = lanes.of(target);
          const { matches } = lane.dialect.streamType(lane.asked);
          return new ModelStreamStart(matches, lane.createMeter(target), headers);
        },
      };
    }
    return {
      kind: 'whole',
      bytesMax: config.replyBytesMax,
      check: (bytes) => {
        this.#read = lanes.of(target).read(bytes);
      },
    };
  }

  #reply(reply: UpstreamReply, target: Target): Reply {
    const { operation, exchange, dialect, config, deps, plan, lanes } = this.#input;
    const { body, status, start, refusal: refused } = reply;
    const lane = lanes.of(target);
    const { report } = lane;
    if (report !== undefined) {
      // What the upstream says of a bad request it says in another dialect: the caller is told in its own.
      if (refused !== undefined) throw refused;
      this.#tellReport({ target, lane }, report);
    }
    if (body.kind === 'whole') {
      this.#record(reply, this.#read.model);
      if (this.#read.usage !== undefined) exchange.set(usageFact, this.#read.usage);
      const { told, lost } = this.#read;
      if (told === undefined) {
        const type = { 'content-type': reply.headers.get('content-type') ?? 'application/json' };
        return { status, headers: { ...type, ...passedReplyHeaders(lane, reply) }, body: body.bytes };
      }
      const encoded = told.encode(target);
      this.#tellDropped([...(lost ?? [])]);
      return { status, headers: { 'content-type': told.contentType }, body: encoded };
    }
    if (!(start instanceof ModelStreamStart)) throw new Error('a stream has begun without its meter');
    this.#record(reply, start.meter.model);
    const stream = pumpStream(
      { idleTimeoutMs: plan.deadlines.idleMs, pingIntervalMs: config.pingIntervalMs },
      { clock: deps.clock, watch: deps.watch },
      { exchange, dialect, meter: start.meter, body, first: start.passed, status },
    );
    const type = { 'content-type': dialect.streamType(operation).header };
    return { status, headers: { ...type, ...STREAM_HEADERS, ...passedReplyHeaders(lane, reply) }, body: stream };
  }

  /** Says what the request lost and changed on its way. */
  #tellReport({ lane, target }: { readonly lane: Lane; readonly target: Target }, { lost, adapted, unread }: CrossingReport): void {
    const { exchange, config, deps, dialect } = this.#input;
    const headers = exchange.replyHeaders;
    headers['x-gatehouse-translated'] = `${dialect.name}>${lane.dialect.name}`;
    if (adapted.length > 0) headers['x-gatehouse-adapted'] = adapted.join(', ');
    const names = [...lost, ...unread.map((field) => `field:${field}`)];
    this.#tellDropped(names);
    const warned = names.filter((name) => lossMode(config.translation, name) === 'warn');
    if (warned.length > 0) deps.logger.warn('left out of a request', { correlationId: exchange.id, target: target.id, dropped: warned });
  }

  #tellDropped(names: readonly string[]): void {
    if (names.length === 0) return;
    const headers = this.#input.exchange.replyHeaders;
    const told = headers['x-gatehouse-dropped'];
    const text = names
      .map((name) => headerText(name))
      .join(', ')
      .slice(0, DROPPED_CHARS_MAX);
    headers['x-gatehouse-dropped'] = told === undefined ? text : `${told}, ${text}`;
  }

  #record(reply: UpstreamReply, model: string | undefined): void {
    const { exchange, plan } = this.#input;
    noteAnswer(exchange, { plan, reply, model });
  }
}

/** A body may hold any number of fields that nobody knows. */
const DROPPED_CHARS_MAX = 1_000;

function passHeaders(names: readonly string[], from: Headers, to: Record<string, string>): void {
  for (const name of names) {
    const value = from.get(name);
    if (value !== null) to[name] = value;
  }
}

/** Of another dialect's reply they would mean nothing. */
function passedReplyHeaders({ dialect, report }: Lane, { headers }: UpstreamReply): Record<string, string> {
  const passed: Record<string, string> = {};
  if (report !== undefined) return passed;
  for (const name of dialect.passedReplyHeaders ?? []) {
    const value = headers.get(name);
    if (value !== null) passed[name] = value;
  }
  return passed;
}

const STREAM_HEADERS = { 'cache-control': 'no-cache', 'x-accel-buffering': 'no' };

/** Reads a stream up to its first token, so that until then another target can take over without the caller's notice. */
class ModelStreamStart implements StreamStart {
  readonly meter: StreamMeter;
  readonly passed: Uint8Array[] = [];

  constructor(type: RegExp, meter: StreamMeter, headers: ReadableHeaders) {
    this.meter = meter;
    const contentType = headers.get('content-type') ?? '';
    if (!type.test(contentType)) {
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
