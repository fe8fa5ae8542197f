/** The spans of one exchange: one for the request as it was served, and one inside it for each attempt at an upstream. */

import type { Exchange, Outcome } from '../../pipeline/exchange.ts';
import {
  type AttemptRecord,
  cacheFact,
  principalFact,
  queueFact,
  type UpstreamFacts,
  upstreamFact,
  usageFact,
} from '../../pipeline/facts.ts';
import type { GatewayRequest } from '../../pipeline/request.ts';
import { GENAI_OPERATIONS, SPAN_ATTRIBUTES as NAME } from '../../telemetry/genai-names.ts';
import type { Span } from '../../telemetry/otlp.ts';
import { redactText } from '../../telemetry/redaction.ts';
import type { Trace, TraceIds } from '../../telemetry/trace.ts';

export interface EndedExchange {
  readonly request: GatewayRequest;
  readonly exchange: Exchange;
  readonly outcome: Outcome;
  readonly trace: Trace;
  /** Wall time of the end. */
  readonly nowMs: number;
  readonly durationMs: number;
  readonly error: string | undefined;
}

export function exchangeSpans(ended: EndedExchange, ids: TraceIds): Span[] {
  const upstream = ended.exchange.peek(upstreamFact);
  const attempts = (upstream?.attempts ?? []).flatMap((attempt) => attemptSpan(ended, { attempt, upstream, spanId: ids.spanId() }));
  return [serverSpan(ended, upstream), ...attempts];
}

function serverSpan(ended: EndedExchange, upstream: UpstreamFacts | undefined): Span {
  const { request, exchange, outcome, trace, nowMs, durationMs, error } = ended;
  const principal = exchange.peek(principalFact);
  return {
    traceId: trace.traceId,
    spanId: trace.spanId,
    parentSpanId: trace.parentSpanId,
    traceState: trace.state,
    name: `${request.method} ${exchange.route.pattern}`,
    kind: 'server',
    startMs: nowMs - durationMs,
    endMs: nowMs,
    attributes: {
      [NAME.httpMethod]: request.method,
      [NAME.httpRoute]: exchange.route.pattern,
      [NAME.urlPath]: redactText(request.path),
      [NAME.httpStatus]: outcome.status,
      [NAME.clientAddress]: exchange.address,
      [NAME.bytesSent]: outcome.bytesSent,
      [NAME.errorType]: error,
      [NAME.correlationId]: exchange.id,
      [NAME.outcome]: outcome.kind,
      [NAME.principal]: principal?.id,
      [NAME.tenant]: principal?.tenant,
      [NAME.attempts]: upstream?.attempts.length,
      [NAME.cache]: exchange.peek(cacheFact),
      [NAME.queueMs]: exchange.peek(queueFact),
      [NAME.firstTokenMs]: upstream?.firstTokenMs,
      ...generation(ended, upstream),
    },
    failed: outcome.status >= 500 || outcome.kind === 'cut',
  };
}

interface AttemptInput {
  readonly attempt: AttemptRecord;
  readonly upstream: UpstreamFacts | undefined;
  readonly spanId: string;
}

function attemptSpan(ended: EndedExchange, input: AttemptInput): Span[] {
  const { exchange, trace, nowMs, durationMs } = ended;
  const { attempt, upstream, spanId } = input;
  if (attempt.startedMs === undefined) return [];
  const startMs = nowMs - durationMs + (attempt.startedMs - exchange.startedAtMs);
  const ok = attempt.outcome === 'ok';
  return [
    {
      traceId: trace.traceId,
      spanId,
      parentSpanId: trace.spanId,
      traceState: trace.state,
      name: spanName(exchange, attempt.target),
      kind: 'client',
      startMs,
      endMs: startMs + attempt.durationMs,
      attributes: {
        [NAME.target]: attempt.target,
        [NAME.endpoint]: redactText(attempt.endpoint),
        [NAME.httpStatus]: attempt.status,
        [NAME.errorType]: ok ? undefined : attempt.outcome,
        // Who was asked is known of every attempt; what was answered, of the one that answered.
        ...(ok && attempt.target === upstream?.target ? generation(ended, upstream) : {}),
      },
      failed: !ok,
    },
  ];
}

/** `{operation} {model}`, as the conventions for generative AI have it; for services the method and the service. */
function spanName(exchange: Exchange, target: string): string {
  const { operation } = exchange.route;
  return `${operation === undefined ? exchange.route.kind : (GENAI_OPERATIONS[operation] ?? operation)} ${target}`;
}

function generation(ended: EndedExchange, upstream: UpstreamFacts | undefined): Span['attributes'] {
  const { operation } = ended.exchange.route;
  if (operation === undefined) return {};
  const usage = ended.exchange.peek(usageFact);
  return {
    [NAME.operation]: GENAI_OPERATIONS[operation] ?? operation,
    [NAME.provider]: upstream?.provider,
    [NAME.requestModel]: upstream === undefined ? undefined : targetModel(upstream),
    [NAME.responseModel]: upstream?.model,
    [NAME.inputTokens]: usage?.inputTokens,
    [NAME.outputTokens]: usage?.outputTokens,
  };
}

/**
 * The model that a target was asked for, by its name at the provider; for a service, the service. A configured name, unlike
 * `model`, which is whatever the provider calls itself in its answer.
 */
export function targetModel(upstream: { readonly target: string; readonly provider: string }): string {
  const { target, provider } = upstream;
  return target.startsWith(`${provider}/`) ? target.slice(provider.length + 1) : target;
}
