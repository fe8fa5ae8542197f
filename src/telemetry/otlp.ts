/*
 * Spans as OTLP/HTTP with JSON (https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding): ids in hex, 64-bit integers
 * as strings, enumerations as numbers.
 */

export type AttributeValue = string | number | boolean;

/** A finished span. Times are wall time in milliseconds since the epoch, with a fraction. */
export interface Span {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string | undefined;
  readonly traceState: string | undefined;
  readonly name: string;
  readonly kind: 'server' | 'client';
  readonly startMs: number;
  readonly endMs: number;
  /** Undefined values are left out. */
  readonly attributes: Readonly<Record<string, AttributeValue | undefined>>;
  readonly failed: boolean;
}

export interface Resource {
  readonly serviceName: string;
  readonly version: string;
  readonly instanceId: string;
}

const KIND = { server: 2, client: 3 } as const;
const STATUS_ERROR = 2;
/** Flags: the trace is sampled. */
const SAMPLED = 1;

/** The body of one export request. */
export function encodeOtlp(spans: readonly Span[], resource: Resource): string {
  const attributes = encodeAttributes({
    'service.name': resource.serviceName,
    'service.version': resource.version,
    'service.instance.id': resource.instanceId,
    'telemetry.sdk.language': 'webjs',
    'telemetry.sdk.name': 'gatehouse',
  });
  const scope = { name: 'gatehouse', version: resource.version };
  return JSON.stringify({ resourceSpans: [{ resource: { attributes }, scopeSpans: [{ scope, spans: spans.map(encodeSpan) }] }] });
}

function encodeSpan(span: Span): object {
  return {
    traceId: span.traceId,
    spanId: span.spanId,
    ...(span.parentSpanId === undefined ? {} : { parentSpanId: span.parentSpanId }),
    ...(span.traceState === undefined ? {} : { traceState: span.traceState }),
    flags: SAMPLED,
    name: span.name,
    kind: KIND[span.kind],
    startTimeUnixNano: nanoseconds(span.startMs),
    endTimeUnixNano: nanoseconds(span.endMs),
    attributes: encodeAttributes(span.attributes),
    status: span.failed ? { code: STATUS_ERROR } : {},
  };
}

function encodeAttributes(attributes: Span['attributes']): object[] {
  return Object.entries(attributes).flatMap(([key, value]) => (value === undefined ? [] : [{ key, value: encodeValue(value) }]));
}

function encodeValue(value: AttributeValue): object {
  switch (typeof value) {
    case 'string':
      return { stringValue: value };
    case 'boolean':
      return { boolValue: value };
    case 'number':
      return Number.isSafeInteger(value) ? { intValue: String(value) } : { doubleValue: value };
    default:
      return { stringValue: String(value) };
  }
}

/** Milliseconds as nanoseconds, in text: as numbers they are beyond what a double holds exactly. */
function nanoseconds(epochMs: number): string {
  const whole = Math.floor(epochMs);
  const rest = Math.floor((epochMs - whole) * 1_000_000);
  return `${whole}${String(rest).padStart(6, '0')}`;
}
