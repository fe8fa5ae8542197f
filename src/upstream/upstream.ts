/*
 * The contract between the terminal handlers (a model call, a service call) and the machinery that gets an answer out of a plan:
 *
 *   call = for each candidate in order: retry( balance( breaker( deadlines( attempt ))))
 *
 * A candidate is one target, or one service: a group of interchangeable endpoints, and how to build a request for one of them.
 * Attempts never re-run policies. Nothing is retried once a reply was handed over.
 */

import type { Abortable } from '../base/abort.ts';
import type { GatewayError } from '../base/errors.ts';
import type { ReadableHeaders } from '../base/readable-headers.ts';
import type { AttemptRecord } from '../pipeline/facts.ts';
import type { TransportRequest } from './transport/transport.ts';
import type { UpstreamSocket } from './transport/web-socket.ts';

export type { TransportRequest } from './transport/transport.ts';
export type { UpstreamSocket } from './transport/web-socket.ts';

export interface Candidate {
  /** Label in attempts, logs and metrics. */
  readonly name: string;
  /** Name of the endpoint group: its balancer, breakers and health outlive a reload. */
  readonly group: string;
  /** The provider whose signer, if it has one, signs what `prepare` gives; absent for services. */
  readonly provider?: string;
  /**
   * Builds the request for an endpoint's base URL (no trailing slash), which its `url` must begin with. Called for every attempt. An
   * error where it can't be asked this at all: then it is passed over, and no endpoint is to blame.
   */
  prepare(baseUrl: string): TransportRequest | GatewayError;
  /** What is wanted of its reply. */
  readonly expect: ReplyReader;
  /** When a failure status came: what it means. Called with the whole body (≤ 1 MiB; what is beyond is cut off). */
  classify(status: number, headers: ReadableHeaders, bytes: Uint8Array): GatewayError;
}

export interface CallOptions {
  /** At least one, in the order to try them; those on the bench are moved to the end. */
  readonly candidates: readonly Candidate[];
  /** The caller's signal: aborts everything. */
  readonly signal: Abortable;
  /** All of it until the hand-over: attempts, waits, and a whole reply's body. Milliseconds from now. */
  readonly totalTimeoutMs: number;
  /**
   * Until the first token of a stream, or the head of a passed-through reply, per attempt. A whole reply may take all that is left of the
   * total, and half of that as long as there is another candidate.
   */
  readonly firstTokenTimeoutMs: number;
  /** Sending it twice does no harm (GET, and model calls). */
  readonly replayable: boolean;
  /** A refusal for content policy is tried elsewhere. Default: it is the answer. */
  readonly retryContentPolicy?: boolean;
}

/**
 * `whole`: read the body (≤ bytesMax) within the attempt, so that a cut body is retried; `check` may refuse it by throwing.
 * `stream`: read until `push` says that the first token is in, or the upstream ends. If either throws, the attempt failed.
 * `pass`: hand over after the head. A body of a known length up to `wholeBytesMax` is read within the attempt all the same: it is cheaper, and a
 * cut one is retried.
 *
 * `socket`: a WebSocket is opened and handed over; the reply has the status 101 and an open body without a reader, to be settled when the socket closes.
 *
 * A failure status is any but 2xx; for `pass` it is what `isServiceFailure` (classify.ts) says, and all others are handed over.
 */
export type ReplyReader =
  | { readonly kind: 'whole'; readonly bytesMax: number; check(bytes: Uint8Array, headers: ReadableHeaders): void }
  | { readonly kind: 'stream'; start(headers: ReadableHeaders): StreamStart }
  | { readonly kind: 'pass'; readonly wholeBytesMax: number }
  | { readonly kind: 'socket'; readonly opened: (socket: UpstreamSocket) => void };

/** One per attempt; it keeps what it was given. */
export interface StreamStart {
  /** Takes a chunk; true when the first token has been seen. Throws a GatewayError when the stream is a failure in disguise. */
  push(chunk: Uint8Array): boolean;
  /** The upstream ended before `push` was true: returns when that is fine, and throws when it is a failure. */
  end(): void;
}

export interface UpstreamReply {
  readonly status: number;
  readonly headers: ReadableHeaders;
  readonly body: UpstreamBody;
  readonly candidate: Candidate;
  /** The `StreamStart` of the attempt that won, for `stream`; absent when the reply is a refusal (`body.kind` is then `whole`). */
  readonly start?: StreamStart;
  /** What the refusal means, when the reply is one: the caller's own fault, with the upstream's status and bytes. */
  readonly refusal?: GatewayError;
  readonly attempts: readonly AttemptRecord[];
}

export type UpstreamBody =
  | { readonly kind: 'whole'; readonly bytes: Uint8Array }
  /**
   * More is to come. Whoever holds it must call `settle`, once: it frees the endpoint's slot and tells breaker and balancer how it went
   * (a second call does nothing). Until then an abort of the caller's signal aborts the upstream.
   */
  | {
      readonly kind: 'open';
      /** Undefined when the upstream has nothing more to say. */
      readonly reader: BodyReader | undefined;
      settle(result: Settlement): void;
      /** Closes the connection at once; a pending read rejects with `reason`. */
      abort(reason: unknown): void;
    };

/** The part of a stream's reader that is needed; the runtime and its types disagree about the rest. */
export interface BodyReader {
  read(): Promise<BodyRead>;
  cancel(reason?: unknown): Promise<void>;
}

export type BodyRead =
  | { readonly done: false; readonly value: Uint8Array }
  | { readonly done: true; readonly value?: Uint8Array | undefined };

/** `ok`; `failed`: the upstream's fault; `cancelled`: nobody's fault (the caller left). */
export type Settlement = 'ok' | 'failed' | 'cancelled';

export interface Upstream {
  /** Resolves with a reply to show the caller (also a 4xx that is the caller's own fault), or throws an UpstreamCallError (call-error.ts). */
  call(options: CallOptions): Promise<UpstreamReply>;
}
