import type { Abortable } from '../../base/abort.ts';
import type { SendableHeaders } from './hop-headers.ts';
import type { TransportReply } from './transport.ts';

/** A request that may leave: its target lies within the connector's origin, and its headers are clean. */
export interface WireRequest {
  readonly method: string;
  /** In origin form: path and query. */
  readonly target: string;
  readonly headers: SendableHeaders;
  readonly body: Uint8Array | ReadableStream<Uint8Array> | null;
  /** What to dial in place of the host's name. */
  readonly address: string | undefined;
}

/** What carries requests to one origin: connections, kept alive. Disposing it closes those that are idle. */
export interface Wire extends Disposable {
  /**
   * Resolves with the head. Throws or rejects with a TransportError, the signal's reason, or another GatewayError for a request that cannot be
   * sent (`header_invalid`, `method_not_allowed`) or a streamed body that fails.
   */
  send(request: WireRequest, signal: Abortable): Promise<TransportReply>;
}
