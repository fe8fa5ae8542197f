/*
 * W3C Trace Context (https://www.w3.org/TR/trace-context-2/): which trace a request belongs to, and how it is told onwards.
 * Pure but for the id generator, which is seeded once.
 */

export interface Trace {
  /** 32 lower-case hex digits. */
  readonly traceId: string;
  /** Our own span in it: the parent of what upstreams do. 16 lower-case hex digits. */
  readonly spanId: string;
  /** The caller's span, when the caller sent one. */
  readonly parentSpanId: string | undefined;
  readonly sampled: boolean;
  /** `tracestate`, handed on as it came. */
  readonly state: string | undefined;
}

export interface TraceParent {
  readonly traceId: string;
  readonly spanId: string;
  readonly sampled: boolean;
}

const TRACEPARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;
const NO_TRACE = '0'.repeat(32);
const NO_SPAN = '0'.repeat(16);
const SAMPLED = 1;
/** Vendors must be able to rely on 512 characters; more is not handed on. */
const STATE_MAX = 512;
// Printable ASCII, and the tab that lists may hold.
const STATE = /^[\t\x20-\x7e]+$/;

/** What a `traceparent` says; undefined when it is not well formed, and then a new trace begins (§3.2). */
export function parseTraceparent(text: string): TraceParent | undefined {
  const match = TRACEPARENT.exec(text);
  if (match === null) return undefined;
  const [, version, traceId = '', spanId = '', flags = '', more] = match;
  // `ff` is forbidden; version 00 has exactly four fields, later ones may have more (§4).
  if (version === 'ff' || (version === '00' && more !== undefined)) return undefined;
  if (traceId === NO_TRACE || spanId === NO_SPAN) return undefined;
  return { traceId, spanId, sampled: (Number.parseInt(flags, 16) & SAMPLED) === SAMPLED };
}

/** The `traceparent` that makes our span the parent. */
export function formatTraceparent(trace: Trace): string {
  return `00-${trace.traceId}-${trace.spanId}-${trace.sampled ? '01' : '00'}`;
}

export interface TraceIds {
  traceId(): string;
  spanId(): string;
  /** From 0 to 1, 1 excluded. */
  random(): number;
}

/** The trace of a request: the caller's when it sent a well-formed one, else a new one, of which `sampleRatio` (0 to 1) are sampled. */
export function beginTrace(headers: Headers, ids: TraceIds, sampleRatio: number): Trace {
  const sent = headers.get('traceparent');
  const parent = sent === null ? undefined : parseTraceparent(sent.trim());
  if (parent === undefined) {
    const sampled = sampleRatio >= 1 || ids.random() < sampleRatio;
    return { traceId: ids.traceId(), spanId: ids.spanId(), parentSpanId: undefined, sampled, state: undefined };
  }
  const state = headers.get('tracestate');
  return {
    traceId: parent.traceId,
    spanId: ids.spanId(),
    parentSpanId: parent.spanId,
    sampled: parent.sampled,
    state: state !== null && state.length <= STATE_MAX && STATE.test(state) ? state : undefined,
  };
}

/**
 * Ids that are unique and unpredictable enough for tracing, which is all they are for: sfc32 (Doty-Humphrey, PractRand) seeded
 * with 128 bits from a secure source, so that a test can have the same ids twice. `toHex` makes an id 25 ns, where putting
 * pieces of text together costs 380 once the text is read (bench/micro/telemetry).
 */
export function createTraceIds(seed: Uint32Array): TraceIds {
  let [a = 0, b = 0, c = 0, counter = 1] = seed;
  const next = (): number => {
    const value = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + value) | 0;
    return value >>> 0;
  };
  // The first outputs still show the seed's structure.
  for (let round = 0; round < 15; round += 1) next();

  const traceWords = new Uint32Array(4);
  const traceBytes = new Uint8Array(traceWords.buffer);
  const spanWords = new Uint32Array(2);
  const spanBytes = new Uint8Array(spanWords.buffer);
  return {
    traceId() {
      traceWords[0] = next();
      traceWords[1] = next();
      traceWords[2] = next();
      // An id of zeros is not valid.
      traceWords[3] = next() | 1;
      return traceBytes.toHex();
    },
    spanId() {
      spanWords[0] = next();
      spanWords[1] = next() | 1;
      return spanBytes.toHex();
    },
    random: () => next() / 4_294_967_296,
  };
}
