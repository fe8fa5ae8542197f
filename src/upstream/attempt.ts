/*
 * One try at one endpoint: send, read as far as is wanted, and say how it went.
 *
 *   begun ──send──▶ head ──read──▶ ended            a whole reply, or a failure: the slot is free again
 *                           └────▶ handed over      an open body: its holder settles it
 *
 * It costs one timer, and one listener on the caller's signal. They are gone when it has ended; the timer already when
 * the body is handed over.
 */

import { type Abortable, Aborter } from '../base/abort.ts';
import type { Clock } from '../base/clock.ts';
import { GatewayError } from '../base/errors.ts';
import type { ReadableHeaders } from '../base/readable-headers.ts';
import type { FailedReply } from './call-error.ts';
import { isServiceFailure } from './classify.ts';
import type { Slot } from './endpoint-group.ts';
import type { TransportReply, TransportRequest } from './transport/transport.ts';
import { fromFetchError, provesNotSent, TransportError } from './transport/transport-error.ts';
import { UpgradeRefused } from './transport/web-socket.ts';
import type { BodyReader, Candidate, ReplyReader, Settlement, StreamStart, UpstreamBody, UpstreamSocket } from './upstream.ts';

/** Error replies are short; a longer one is not kept. */
const ERROR_BYTES_MAX = 1_048_576;
const EMPTY = new Uint8Array(0);

export interface AttemptReply {
  readonly kind: 'reply';
  readonly status: number;
  readonly headers: ReadableHeaders;
  readonly body: UpstreamBody;
  readonly start: StreamStart | undefined;
}

export interface AttemptFailure {
  readonly kind: 'failure';
  readonly error: GatewayError;
  readonly status: number | undefined;
  readonly reply: FailedReply | undefined;
  /** The upstream surely did not execute the request. */
  readonly notExecuted: boolean;
  /** The request can't be sent once more: its body is a stream, and it began. */
  readonly spent: boolean;
}

type OpenBody = UpstreamBody & { readonly kind: 'open' };

export interface AttemptDeps {
  readonly slot: Slot;
  /** The caller's. */
  readonly signal: Abortable;
  readonly clock: Clock;
}

export interface Asked {
  readonly request: TransportRequest;
  /** Who is asked: what is wanted of its reply, and what its failures mean. */
  readonly candidate: Pick<Candidate, 'expect' | 'classify'>;
}

/** Is itself the open body that it hands over, and the listener on the caller's signal. */
export class Attempt implements OpenBody {
  readonly kind = 'open';
  /** When it ended or was handed over. */
  endedMs = 0;
  reader: BodyReader | undefined;
  readonly #slot: Slot;
  readonly #signal: Abortable;
  readonly #clock: Clock;
  readonly #startedMs: number;
  readonly #aborter = new Aborter();
  #timer: Disposable | undefined;
  #status: number | undefined;
  #ended = false;

  /** The slot is given back by the attempt, whatever happens. `startedMs` is now, on the monotonic clock. */
  constructor(startedMs: number, { slot, signal, clock }: AttemptDeps) {
    this.#signal = signal;
    this.#slot = slot;
    this.#clock = clock;
    this.#startedMs = startedMs;
  }

  /**
   * Resolves with a reply, or with what failed, be it the upstream, the time or the caller. Rejects only for a defect of ours. What is asked is no
   * field: a stream may run for hours, and must not hold its request, which may be megabytes.
   */
  async run(asked: Asked, timeoutMs: number): Promise<AttemptReply | AttemptFailure> {
    const { request, candidate } = asked;
    const { expect } = candidate;
    const signal = this.#signal;
    if (signal.aborted) this.handleEvent();
    else signal.addEventListener('abort', this);
    this.#timer = this.#clock.after(timeoutMs, () => this.abort(tooLate(timeoutMs)));
    try {
      if (expect.kind === 'socket') return await this.#openSocket(expect.opened, asked);
      const head = await this.#slot.endpoint.connector.send(request, this.#aborter);
      const { status, headers } = head;
      this.#status = status;
      // Nothing that we could pass on: HTTP has no such replies (RFC 9110 §15).
      if (status < 200 || status > 599) throw new GatewayError('upstream_reply_invalid', `The upstream answered with status ${status}.`);
      if (isFailure(expect, status)) return await this.#refused(head, asked);
      if (expect.kind === 'stream') {
        const start = expect.start(headers);
        const reader = head.reader();
        await readStart(start, reader);
        return this.#handOver(head, reader, start);
      }
      if (expect.kind === 'pass' && lengthOf(head) > expect.wholeBytesMax) return this.#handOver(head, head.reader(), undefined);
      const bytes = await head.bytes(expect.kind === 'whole' ? expect.bytesMax : expect.wholeBytesMax);
      if (expect.kind === 'whole') expect.check(bytes, headers);
      this.settle('ok');
      return { kind: 'reply', status, headers, body: { kind: 'whole', bytes }, start: undefined };
    } catch (error) {
      return this.#failed(error, asked);
    }
  }

  async #openSocket(opened: (socket: UpstreamSocket) => void, asked: Asked): Promise<AttemptReply | AttemptFailure> {
    const { request, candidate } = asked;
    try {
      const socket = await this.#slot.endpoint.connector.openSocket(request, this.#aborter);
      opened(socket);
      // A caller who leaves has its close told to the other side, by whoever holds the two.
      this.#signal.removeEventListener('abort', this);
      const headers = new Headers();
      return this.#handOver({ status: 101, headers }, undefined, undefined);
    } catch (error) {
      if (!(error instanceof UpgradeRefused)) throw error;
      // Bun tells the status of a refusal, and no more of it.
      this.#status = error.upgradeStatus;
      const refused = error.upgradeStatus < 400 ? error : candidate.classify(error.upgradeStatus, new Headers(), EMPTY);
      return this.#failure(refused, undefined, request);
    }
  }

  /** The caller's signal has aborted. A reason of ours (a drain) is told as it is. */
  handleEvent(): void {
    const reason: unknown = this.#signal.reason;
    this.abort(
      reason instanceof GatewayError ? reason : new GatewayError('client_closed', 'The caller closed the connection.', { cause: reason }),
    );
  }

  abort(reason: unknown): void {
    this.#aborter.abort(reason);
  }

  settle(result: Settlement): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#stopTimer();
    this.#signal.removeEventListener('abort', this);
    const nowMs = this.#clock.monotonic();
    // The length of a stream says nothing about its endpoint: what counts is the time up to the hand-over.
    if (this.endedMs === 0) this.endedMs = nowMs;
    this.#slot.endpoint.release(this.#slot.grant, result, { latencyMs: this.endedMs - this.#startedMs, nowMs });
  }

  #handOver(
    { status, headers }: Pick<TransportReply, 'status' | 'headers'>,
    reader: BodyReader | undefined,
    start: StreamStart | undefined,
  ): AttemptReply {
    this.#stopTimer();
    this.endedMs = this.#clock.monotonic();
    this.reader = reader;
    return { kind: 'reply', status, headers, body: this, start };
  }

  #stopTimer(): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
  }

  /** The upstream answered with a failure: reads it, for what it means and for those it is shown to. */
  async #refused(head: TransportReply, asked: Asked): Promise<AttemptFailure> {
    const { status, headers } = head;
    let bytes: Uint8Array | undefined;
    try {
      bytes = await head.bytes(ERROR_BYTES_MAX);
    } catch (error) {
      if (this.#aborter.aborted) throw error;
      // Cut off, or too long: the status alone says enough.
      this.abort(error);
    }
    const error = asked.candidate.classify(status, headers, bytes ?? EMPTY);
    return this.#failure(error, bytes === undefined ? undefined : { status, headers, bytes }, asked.request);
  }

  #failed(cause: unknown, { request }: Asked): AttemptFailure {
    const aborter = this.#aborter;
    const thrown: unknown = aborter.aborted ? aborter.reason : cause;
    // What is still to come is of no use to anybody.
    if (!aborter.aborted) this.abort(cause);
    if (thrown instanceof GatewayError) return this.#failure(this.#status === undefined ? thrown : asCut(thrown), undefined, request);
    this.settle('cancelled');
    throw thrown;
  }

  #failure(error: GatewayError, reply: FailedReply | undefined, { body, renewed }: TransportRequest): AttemptFailure {
    this.settle(settlementOf(error, this.#slot));
    const notExecuted = provesNotSent(error) || error.code === 'upstream_address_forbidden';
    const spent = body instanceof ReadableStream && renewed !== true && (!notExecuted || body.locked);
    return { kind: 'failure', error, status: this.#status, reply, notExecuted, spent };
  }
}

/** Feeds a stream's beginning to `start`, up to the first token or the end. */
async function readStart(start: StreamStart, reader: BodyReader | undefined): Promise<void> {
  while (reader !== undefined) {
    const chunk = await readChunk(reader);
    if (chunk === undefined) break;
    if (start.push(chunk)) return;
  }
  start.end();
}

async function readChunk(reader: BodyReader): Promise<Uint8Array | undefined> {
  try {
    return (await reader.read()).value;
  } catch (error) {
    throw fromFetchError(error);
  }
}

function isFailure(expect: ReplyReader, status: number): boolean {
  return expect.kind === 'pass' ? isServiceFailure(status) : status < 200 || status >= 300;
}

/** Of a body whose length is known before it is read; infinite otherwise. */
function lengthOf(head: TransportReply): number {
  const length = head.headers.get('content-length');
  if (length !== null) return Number(length);
  return head.status === 204 || head.status === 304 ? 0 : Number.POSITIVE_INFINITY;
}

/** A connection that breaks after the head came has cut the reply. */
function asCut(error: GatewayError): GatewayError {
  if (!(error instanceof TransportError) || error.fault !== 'reset') return error;
  return new GatewayError('upstream_stream_interrupted', 'The upstream cut its reply short.', { cause: error });
}

function tooLate(timeoutMs: number): GatewayError {
  return new GatewayError('upstream_timeout', `The upstream did not answer within ${Math.round(timeoutMs)} ms.`);
}

/** Whether an endpoint is to blame. One that answers, be it that the request is bad, works. */
function settlementOf(error: GatewayError, { grant }: Slot): Settlement {
  switch (error.row.source) {
    case 'client':
      return error.code === 'client_closed' ? 'cancelled' : 'ok';
    case 'upstream':
      if (error.code !== 'upstream_rate_limited' && error.code !== 'upstream_credentials') return 'failed';
      // A signal about us, not about its health; but who sends it is alive, which is what a probe asks.
      return grant === 'probe' ? 'ok' : 'cancelled';
    case 'gateway':
    case 'infra':
      return 'cancelled';
  }
}
