/*
 * A dialect is a wire format of an API. This is all that the rest of the gateway may know of one.
 *
 * The server side is what callers speak to us. The client side is what we speak to a target. Where both are the same dialect the bytes
 * pass: a `StreamMeter` and `inspectReply` look at them and do not touch them, but for what we ourselves had added to the request.
 */

import type { z } from 'zod';
import type { GatewayError } from '../base/errors.ts';
import type { ReadableHeaders } from '../base/readable-headers.ts';
import type { Operation, OperationKind } from '../operations/operation.ts';
import type { Usage } from '../operations/usage.ts';
import type { DialectCodecs } from './dialect-codec.ts';
import type { Conversation } from './dialect-conversation.ts';
import type { DialectForms } from './dialect-form.ts';
import type { DialectSockets } from './dialect-socket.ts';

/** What a route needs of the dialect that it speaks with callers. Some are spoken by callers alone: their operations carry a `form`. */
export interface CallerDialect {
  readonly name: string;
  /** Content types, beside JSON's own, that this dialect's clients give to JSON. They count only where no web page is behind the request. */
  readonly otherContentTypes?: readonly string[];
  /**
   * Decodes a body; throws `json_invalid`, `request_invalid` or `field_invalid`, with the field at fault. Undefined where the body is for no model: then
   * the route's own handler knows what to do with it.
   */
  decode(kind: OperationKind, bytes: Uint8Array, hints: DecodeHints): Operation | undefined;
  /** How it reads forms, where it has operations that are asked in one. */
  readonly forms?: DialectForms;
  /** The error as this dialect tells it. Headers beyond `content-type` come from elsewhere. */
  readonly encodeError: (error: GatewayError, correlationId: string) => EncodedError;
  /** The shape of what `encodeError` gives, for the API documentation; named by `.meta({ id })`. Imported when it is asked for. */
  readonly errorSchema: () => Promise<z.ZodType>;
}

/** A dialect that targets speak, too. */
export interface Dialect extends CallerDialect {
  decode(kind: OperationKind, bytes: Uint8Array, hints: DecodeHints): Operation;
  /** What a stream is called; a dialect may have several kinds of them. */
  streamType(operation: Asked): StreamType;
  /** Path and query of an operation below where the dialect begins at a target (`/chat/completions`); `model` as the target names it. */
  path(operation: Asked, model: string): string;
  /** Headers of a target's reply that a caller of this dialect is to see as they are (`x-amzn-errortype`); lower case. */
  readonly passedReplyHeaders?: readonly string[];
  /** Request headers of a caller that a target of this dialect is to see as they are (`anthropic-beta`); lower case. */
  readonly passedHeaders?: readonly string[];
  /** Headers that every request in this dialect needs; a caller's own value in `passedHeaders` wins over them. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Where a target tells which models it has, and how to read it; absent where the dialect has no such list. */
  readonly modelList?: ModelListReader;
  /** How it speaks over WebSockets that are handed on as they are; absent where it has none. */
  readonly sockets?: DialectSockets;
  /** How chats and the other operations are put into our words and out of them, for crossings. */
  readonly codecs: DialectCodecs;
  /** Who said what in a chat's body (`operation.bytes`), and where something may be put beside it; undefined where it holds no list of turns. Absent: it has no chats. */
  readonly conversation?: (operation: Pick<Operation, 'bytes'>) => Conversation | undefined;
  /** Reads what an upstream's error reply means, whatever its status. */
  classifyError(status: number, headers: ReadableHeaders, bytes: Uint8Array): GatewayError;
  /** Reads usage and the answering model from a whole reply; throws `upstream_reply_invalid` when it is no such reply. */
  inspectReply(operation: Operation, bytes: Uint8Array): ReplyFacts;
  /** A meter for one stream. */
  createMeter(operation: Operation): StreamMeter;
  /** The bytes that tell a caller, inside a stream, that it failed. Never followed by a terminal event. */
  encodeStreamError(error: GatewayError, correlationId: string): Uint8Array;
  /** Bytes that keep a quiet stream alive, sent between two events; ignored by clients. Empty where the dialect has none. */
  readonly ping: Uint8Array;
}

export interface ModelListReader {
  /** Below where the dialect begins at a target (`/models`). */
  readonly path: string;
  /** Names of models as requests name them; whatever is none is left out. */
  names(body: unknown): readonly string[];
}

/** What an operation's path and kind of stream depend on. A crossing asks for it in a dialect that is not the caller's, and then there is no form. */
export type Asked = Pick<Operation, 'kind' | 'stream' | 'form'>;

/** What is known of a request beside its body. */
export interface DecodeHints {
  /** Which form of the operation the route is for, where the dialect has several (`RouteInfo.form`). */
  readonly form?: string;
  /** Parameters of the path, where the route has some: some dialects name the model there. */
  readonly params?: Readonly<Record<string, string>>;
  /** The query as sent, with its `?`; absent where there is none. */
  readonly search?: string;
  /** Whether a model of exactly this name is configured: where a dialect has two names for one model, the one that is there is meant. */
  hasModel(name: string): boolean;
}

export interface StreamType {
  /** What a target is asked for. */
  readonly media: string;
  /** `content-type` of a reply of ours. */
  readonly header: string;
  /** Whether a target's `content-type` is that of a stream. */
  readonly matches: RegExp;
}

export interface EncodedError {
  readonly contentType: string;
  readonly body: string;
  /** Where the dialect has a status of its own for it; absent: the error's. */
  readonly status?: number;
  /** Headers that the dialect tells it by, lower case. */
  readonly headers?: Readonly<Record<string, string>>;
}

export interface ReplyFacts {
  readonly usage?: Usage;
  readonly model?: string;
}

/**
 * Watches the bytes of one stream. Chunks may be cut anywhere; events come out whole, so that an error event of ours can always follow.
 * Not reusable.
 */
export interface StreamMeter {
  /**
   * Takes what came from the upstream, and gives what may go to the caller now: the same array when nothing had to be withheld,
   * undefined when nothing can go yet. Throws `upstream_stream_interrupted` when the stream can't be trusted any further.
   */
  push(chunk: Uint8Array): Uint8Array | undefined;
  /** The upstream ended cleanly: what is still to be sent (a missing terminal event after a whole answer), and whether it was whole. */
  finish(): { readonly whole: boolean; readonly rest: Uint8Array | undefined };
  /** An event with content, or the end of an answer, has been seen: from here on no other target can take over unseen. */
  readonly started: boolean;
  /** The terminal event has been seen. */
  readonly ended: boolean;
  /** The upstream told an error in band; bytes from that event on are withheld. */
  readonly failure: GatewayError | undefined;
  readonly usage: Usage | undefined;
  readonly model: string | undefined;
  /** As `Dialect.ping`, where this stream is of a kind that needs another. */
  readonly ping?: Uint8Array;
  /** As `Dialect.encodeStreamError`, where the bytes depend on what came before. */
  encodeError?(error: GatewayError, correlationId: string): Uint8Array;
}
