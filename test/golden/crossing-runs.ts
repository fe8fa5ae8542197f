/* Each case between a caller and a target, by the real crossing. */
import { GatewayError } from '../../src/base/errors.ts';
import type { EncodeFacts } from '../../src/dialects/dialect-codec.ts';
import { type Crossing, type CrossingReport, cross } from '../../src/dialects/dialect-crossing.ts';
import { decodeBytes, type NativeRequest, operationOf, plain, type Speaker } from './corpus.ts';
import type { JsonObject } from './wire/wire.ts';

export const NOW_MS = 1_700_000_000_000;

export interface Pair {
  readonly caller: Speaker;
  readonly target: Speaker;
}

export function factsOf({ target }: Pair): EncodeFacts {
  return { id: 'abc123', model: target.wire.model, nowMs: NOW_MS, usageWanted: true };
}

/** The crossing of a caller's own request. */
export function crossingOf({ caller, target }: Pair, request: NativeRequest, isStreamed = false): Crossing {
  return cross(operationOf(caller, request, isStreamed), { from: caller.dialect, to: target.dialect });
}

export interface CrossedRequest {
  readonly body: JsonObject;
  readonly bytes: Uint8Array;
  readonly report: CrossingReport;
}

/** What the target is asked; the error where it is not asked at all. */
export function crossRequest(pair: Pair, request: NativeRequest, model: string, isStreamed = false): CrossedRequest | GatewayError {
  return orError(() => {
    const crossing = crossingOf(pair, request, isStreamed);
    const bytes = crossing.encodeRequest({ model, stream: isStreamed, streamUsage: true });
    return { body: parse(bytes), bytes, report: crossing.report };
  });
}

export interface ToldReply {
  readonly body: JsonObject;
  readonly bytes: Uint8Array;
  readonly lost: readonly string[];
}

/** What the caller is told of the target's answer. `request`: the caller's, which some answers say again. */
export function crossReply(pair: Pair, request: NativeRequest | undefined, reply: JsonObject | Uint8Array): ToldReply | GatewayError {
  return orError(() => {
    const read = crossingOf(pair, request ?? plain(pair.caller.name).request).readReply(
      reply instanceof Uint8Array ? reply : Buffer.from(JSON.stringify(reply)),
    );
    const bytes = Buffer.from(read.encode(factsOf(pair)));
    return { body: parse(bytes), bytes, lost: [...read.lost].toSorted() };
  });
}

export interface ToldStream {
  readonly bytes: Uint8Array;
  /** What went out at once, each time. */
  readonly told: readonly Uint8Array[];
  readonly isWhole: boolean;
  readonly failure: GatewayError | undefined;
}

/** What the caller is told of the target's stream, which comes in these chunks. */
export function crossStream(pair: Pair, request: NativeRequest | undefined, chunks: Iterable<Uint8Array>): ToldStream {
  const meter = crossingOf(pair, request ?? plain(pair.caller.name).request, true).createMeter(factsOf(pair));
  const told: Uint8Array[] = [];
  const take = (bytes: Uint8Array | undefined): void => {
    if (bytes !== undefined) told.push(Uint8Array.from(bytes));
  };
  for (const chunk of chunks) {
    take(meter.push(chunk));
    if (meter.failure !== undefined) return { bytes: Buffer.concat(told), told, isWhole: false, failure: meter.failure };
  }
  const { whole, rest } = meter.finish();
  take(rest);
  return { bytes: Buffer.concat(told), told, isWhole: whole, failure: meter.failure };
}

/** The request as one who speaks the target's dialect would have sent it. */
export function asCaller(target: Speaker, model: string, bytes: Uint8Array) {
  return decodeBytes(target, model, bytes, false);
}

function orError<Kind>(run: () => Kind): Kind | GatewayError {
  try {
    return run();
  } catch (cause) {
    if (!(cause instanceof GatewayError)) throw cause;
    return cause;
  }
}

function parse(bytes: Uint8Array): JsonObject {
  return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)) as JsonObject;
}
