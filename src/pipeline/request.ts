import type { Operation } from '../operations/operation.ts';

/** One request as the policies see it. Passed on, never mutated: a policy that changes it passes a new one. */
export interface GatewayRequest {
  /** Upper case. */
  readonly method: string;
  /** As sent: percent-encoding untouched, without the query. Begins with `/`. */
  readonly path: string;
  /** As sent, with its `?`; empty when there is none. */
  readonly search: string;
  /** Values of the pattern's parameters, decoded, by name; absent where the pattern has none. */
  readonly params?: Readonly<Record<string, string>>;
  /** The caller's headers. Duplicates of singletons were refused at the edge. */
  readonly headers: Headers;
  readonly body: RequestBody;
  /** On model routes, from the `read` stage on. */
  readonly operation?: Operation;
}

/**
 * `unread`: still on the socket; whoever reads it does so once, through `read` (whole, bounded) or `stream` (as it comes).
 * Model routes have `bytes` from the `read` stage on; service routes forward the stream.
 */
export type RequestBody =
  | { readonly kind: 'none' }
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  | {
      readonly kind: 'unread';
      /** From Content-Length; undefined when chunked. */
      readonly length: number | undefined;
      /** The whole body; throws `body_too_large`, `body_timeout` or `client_closed`. */
      read(bytesMax: number): Promise<Uint8Array>;
      /** The body as it comes, cut with the same errors when it runs over. */
      stream(bytesMax: number): ReadableStream<Uint8Array>;
    };
