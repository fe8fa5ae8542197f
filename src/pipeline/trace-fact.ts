import { formatTraceparent, type Trace } from '../telemetry/trace.ts';
import type { Exchange } from './exchange.ts';
import { defineFact } from './fact.ts';

/** The trace that the exchange belongs to. Written by `observe`. */
export const traceFact = defineFact<Trace>('trace');

/** The headers that tie an upstream request to this exchange: correlation id and trace context. */
export function traceHeaders(exchange: Exchange): Readonly<Record<string, string>> {
  const trace = exchange.peek(traceFact);
  if (trace === undefined) return { 'x-correlation-id': exchange.id };
  const traceparent = formatTraceparent(trace);
  return trace.state === undefined
    ? { 'x-correlation-id': exchange.id, traceparent }
    : { 'x-correlation-id': exchange.id, traceparent, tracestate: trace.state };
}
