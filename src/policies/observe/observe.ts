/*
 * Observe: sees every exchange begin and end. It opens the trace, and when the exchange has ended, whatever became of it, it
 * counts it, writes its one line in the access log, and closes its span. Nothing here can fail a request.
 */

import type { ErrorCode } from '../../base/errors.ts';
import { formatDollars } from '../../catalog/cost.ts';
import type { ContextAnswer } from '../../operations/context-answer.ts';
import type { Usage } from '../../operations/usage.ts';
import type { Exchange, Outcome } from '../../pipeline/exchange.ts';
import {
  cacheFact,
  contextFact,
  costFact,
  errorFact,
  principalFact,
  queueFact,
  screeningFact,
  type UpstreamFacts,
  upstreamFact,
  usageFact,
} from '../../pipeline/facts.ts';
import type { Policy } from '../../pipeline/policy.ts';
import { isStream } from '../../pipeline/reply.ts';
import type { GatewayRequest } from '../../pipeline/request.ts';
import { traceFact } from '../../pipeline/trace-fact.ts';
import type { AccessRecord } from '../../telemetry/access-line.ts';
import type { Log } from '../../telemetry/log.ts';
import type { EndpointMetrics, Metrics } from '../../telemetry/metrics.ts';
import type { SpanExporter } from '../../telemetry/span-exporter.ts';
import { beginTrace, type TraceIds } from '../../telemetry/trace.ts';
import { exchangeSpans, targetModel } from './exchange-spans.ts';

export interface ObserveDeps {
  readonly log: Log;
  readonly metrics: Metrics;
  readonly traceIds: TraceIds;
  /** Share of the traces begun here that are sampled, 0 to 1. */
  readonly sampleRatio: number;
  /** Undefined where no collector is configured. */
  readonly spans: SpanExporter | undefined;
  /** What usage of a target cost at a time (milliseconds since the epoch), in nano-dollars; undefined where a price is unknown. */
  readonly costOf: (upstream: UpstreamFacts, usage: Usage, nowMs: number) => number | undefined;
}

/** A request that the edge refused before it had an exchange: a bad head, an unknown route. */
export interface RefusedRequest {
  readonly correlationId: string;
  readonly method: string;
  /** Without the query; empty when there was none to be read. */
  readonly path: string;
  readonly address: string;
  readonly status: number;
  readonly error: ErrorCode;
  readonly durationMs: number;
  readonly bytesSent: number;
}

export interface Observer {
  readonly policy: Policy;
  /** Counts and logs what the edge refused. `nowMs` is wall time, `monotonicMs` the monotonic one. */
  refused(request: RefusedRequest, at: { readonly nowMs: number; readonly monotonicMs: number }): void;
}

/** The endpoint label of requests that no route matched. */
export const UNMATCHED = 'unmatched';

export function createObserver(deps: ObserveDeps): Observer {
  const { metrics, log } = deps;
  const unmatched = metrics.endpoint(UNMATCHED, true);

  return {
    policy: {
      name: 'observe',
      stage: 'observe',
      writes: [traceFact, costFact],
      layer: (route) => {
        const endpoint = metrics.endpoint(route.pattern, route.kind !== 'system');
        return (next) => async (request, exchange) => {
          const trace = beginTrace(request.headers, deps.traceIds, deps.sampleRatio);
          exchange.set(traceFact, trace);
          exchange.replyHeaders['x-gatehouse-trace-id'] = trace.traceId;
          metrics.requestsOpen.value += 1;
          let streaming = false;
          exchange.onEnd((outcome) => {
            metrics.requestsOpen.value -= 1;
            if (streaming) metrics.streamsOpen.value -= 1;
            finish({ request, exchange, outcome, endpoint }, deps);
          });
          const reply = await next(request, exchange);
          addTimings(exchange);
          if (!isStream(reply.body)) addCost(exchange, deps);
          else if (exchange.outcome === undefined) {
            streaming = true;
            metrics.streamsOpen.value += 1;
          }
          return reply;
        };
      },
    },
    refused(request, { nowMs, monotonicMs }) {
      const { status, durationMs, error } = request;
      unmatched.ended(request.method, { status, durationMs, nowMs: monotonicMs, error, cut: false });
      log.access({ ...NOTHING_KNOWN, ...request, nowMs, route: UNMATCHED, outcome: 'complete' });
    },
  };
}

const NOTHING_KNOWN = {
  traceId: undefined,
  principal: undefined,
  tenant: undefined,
  provider: undefined,
  target: undefined,
  model: undefined,
  attempts: undefined,
  firstTokenMs: undefined,
  cache: undefined,
  queueMs: undefined,
  inputTokens: undefined,
  outputTokens: undefined,
};

/** What the gateway itself added, up to the moment when the reply can begin: all but the attempts upstream. */
function addTimings(exchange: Exchange): void {
  const upstream = exchange.peek(upstreamFact);
  if (upstream === undefined) return;
  let overheadMs = exchange.clock.monotonic() - exchange.startedAtMs;
  for (const attempt of upstream.attempts) overheadMs -= attempt.durationMs;
  exchange.replyHeaders['x-gatehouse-overhead-ms'] = String(Math.max(0, Math.round(overheadMs * 100) / 100));
  const queueMs = exchange.peek(queueFact);
  if (queueMs !== undefined) exchange.replyHeaders['x-gatehouse-queue-ms'] = String(Math.round(queueMs * 100) / 100);
}

/** The cost of a whole reply is known before its head is written; that of a stream only at its end. */
function addCost(exchange: Exchange, deps: ObserveDeps): void {
  const cost = priced(exchange, deps);
  if (cost !== undefined) exchange.replyHeaders['x-gatehouse-cost-usd'] = formatDollars(cost);
}

/** What the exchange cost, as far as it is known by now. */
function priced(exchange: Exchange, { costOf }: ObserveDeps): number | undefined {
  const known = exchange.peek(costFact);
  const usage = exchange.peek(usageFact);
  const upstream = exchange.peek(upstreamFact);
  if (known !== undefined || usage === undefined || upstream === undefined) return known;
  const cost = costOf(upstream, usage, exchange.clock.now());
  if (cost !== undefined) exchange.set(costFact, cost);
  return cost;
}

function contextFields(context: ContextAnswer | undefined): Pick<AccessRecord, 'context' | 'memorySaved'> {
  if (context === undefined) return {};
  const { profile, memories, documents, waitedMs, leftOut, saved } = context;
  return {
    context: {
      memories: profile.length + memories.length,
      documents: documents.length,
      waitedMs,
      leftOut: leftOut.map(({ part, reason }) => `${part}:${reason}`).join(' '),
    },
    ...(saved === 'off' ? {} : { memorySaved: saved }),
  };
}

interface Ended {
  readonly request: GatewayRequest;
  readonly exchange: Exchange;
  readonly outcome: Outcome;
  readonly endpoint: EndpointMetrics;
}

function finish(ended: Ended, deps: ObserveDeps): void {
  const { request, exchange, outcome, endpoint } = ended;
  const { metrics } = deps;
  const monotonicMs = exchange.clock.monotonic();
  const nowMs = exchange.clock.now();
  const durationMs = monotonicMs - exchange.startedAtMs;
  const error = outcome.error ?? exchange.peek(errorFact)?.code;
  const principal = exchange.peek(principalFact);
  const upstream = exchange.peek(upstreamFact);
  const usage = exchange.peek(usageFact);
  const cache = exchange.peek(cacheFact);
  const queueMs = exchange.peek(queueFact);
  const cost = priced(exchange, deps);

  endpoint.ended(request.method, { status: outcome.status, durationMs, nowMs: monotonicMs, error, cut: outcome.kind === 'cut' });
  if (cache !== undefined) metrics.cacheResult(cache);
  if (queueMs !== undefined) metrics.queued(queueMs);
  if (usage !== undefined && upstream !== undefined) metrics.tokens(targetModel(upstream), usage);
  if (cost !== undefined && upstream !== undefined) metrics.cost(targetModel(upstream), cost);
  if (upstream?.firstTokenMs !== undefined && upstream.model !== undefined)
    metrics.firstToken(targetModel(upstream), upstream.firstTokenMs);

  const trace = exchange.peek(traceFact);
  deps.log.access({
    nowMs,
    correlationId: exchange.id,
    traceId: trace?.traceId,
    method: request.method,
    path: request.path,
    status: outcome.status,
    durationMs,
    route: exchange.route.pattern,
    address: exchange.address,
    outcome: outcome.kind,
    bytesSent: outcome.bytesSent,
    principal: principal?.id,
    tenant: principal?.tenant,
    provider: upstream?.provider,
    target: upstream?.target,
    model: upstream?.model,
    attempts: upstream?.attempts.length,
    firstTokenMs: upstream?.firstTokenMs,
    cache,
    queueMs,
    inputTokens: usage?.inputTokens,
    outputTokens: usage?.outputTokens,
    costUsd: cost === undefined ? undefined : formatDollars(cost),
    ...contextFields(exchange.peek(contextFact)),
    screening: exchange.peek(screeningFact),
    error,
  });
  if (deps.spans === undefined || trace?.sampled !== true) return;
  for (const span of exchangeSpans({ ...ended, trace, nowMs, durationMs, error }, deps.traceIds)) deps.spans.export(span);
}
