/*
 * How a dialect is put into our words, and our words into it: what a crossing of two dialects is made of. A codec has a server side, which callers meet, and a
 * client side, which targets meet.
 *
 * Encoders get nothing that their dialect has declared it has no word for (operations/chat-narrow.ts). Decoders throw `request_invalid` or
 * `field_invalid` for a bad request, and `upstream_reply_invalid` for a bad reply; whatever bytes they are given, never anything but a GatewayError.
 */

import type { GatewayError } from '../base/errors.ts';
import type { ChatReply, ChatRequest } from '../operations/chat.ts';
import type { ChatEvent } from '../operations/chat-events.ts';
import type { ChatAbilities, ChatFeature } from '../operations/chat-features.ts';
import type { EmbedReply, EmbedRequest } from '../operations/embedding.ts';
import type { Operation } from '../operations/operation.ts';
import type { RerankReply, RerankRequest } from '../operations/rerank.ts';
import type { Usage } from '../operations/usage.ts';

/** Absent is what the dialect has no such operation for. */
export interface DialectCodecs {
  readonly chat?: ChatCodec;
  readonly embed?: WholeCodec<EmbedRequest, EmbedReply>;
  readonly rerank?: WholeCodec<RerankRequest, RerankReply>;
  /** The request is the chat whose tokens are counted. */
  readonly countTokens?: WholeCodec<ChatRequest, TokenCount>;
}

export interface TokenCount {
  readonly inputTokens: number;
  readonly model?: string;
  readonly usage?: Usage;
}

export interface WholeCodec<Request, Reply> {
  /** Server side: reads all of the caller's body (`operation.bytes`, whose JSON has been checked). */
  decodeRequest(operation: Operation): Request;
  /** Client side: the body for a target. */
  encodeRequest(request: Request, target: EncodeTarget): Uint8Array;
  /** Client side: reads a target's whole reply. */
  decodeReply(bytes: Uint8Array): Reply;
  /** Server side: the body for the caller; `request` is what was decoded of the question, for replies that repeat parts of it. */
  encodeReply(reply: Reply, facts: EncodeFacts, request: Request): string;
}

export interface ChatCodec extends WholeCodec<ChatRequest, ChatReply> {
  readonly abilities: ChatAbilities;
  /** What callers may ask for in this dialect, though its targets are not told of it. */
  readonly heard?: readonly ChatFeature[];
  /** As above; of a chat the request is in `facts`, as it is for streams. */
  encodeReply(reply: ChatReply, facts: EncodeFacts): string;
  /** Client side: reads one stream. */
  createDecoder(): ChatStreamDecoder;
  /** Server side: writes one stream. */
  createEncoder(facts: EncodeFacts): ChatStreamEncoder;
}

/** What is known of a target when it is asked. */
export interface EncodeTarget {
  /** As the target names it. */
  readonly model: string;
  readonly stream: boolean;
  /** It accepts being asked for usage in a stream. */
  readonly streamUsage: boolean;
  /** Other names that the target has for fields of the body's top level. */
  readonly fieldNames?: Readonly<Record<string, string>>;
  /** Ids of tool calls must be so many letters and digits (dialect-call-id.ts). */
  readonly callIdChars?: number;
  /** The most tokens that the model can answer with, where that is known. */
  readonly outputTokensMax?: number;
}

/** What a caller's reply says that the target's did not, or not so. */
export interface EncodeFacts {
  /** Letters and digits that no other answer has; for where the target gave no id, or one of another shape. */
  readonly id: string;
  /** Who answers, where the target does not say. */
  readonly model: string;
  /** Wall milliseconds. */
  readonly nowMs: number;
  /** Milliseconds since the target was first asked, for dialects that tell them. */
  readonly elapsedMs?: () => number;
  /** The caller asked for usage in its stream. */
  readonly usageWanted: boolean;
  /** The caller's own form of the operation, where its dialect has several. */
  readonly form?: string;
  /** The request as it was decoded: some replies repeat parts of it. Of operations other than chat, undefined. */
  readonly request?: ChatRequest;
}

/** Reads one stream; not reusable. Whatever the bytes, it never throws: what can't be read is a `failure` event, after which nothing comes. */
export interface ChatStreamDecoder {
  /** Chunks may be cut anywhere. */
  push(chunk: Uint8Array): readonly ChatEvent[];
  /** The upstream ended cleanly: `end` where the answer is whole though its last word is missing, a `failure` where it is cut. */
  finish(): readonly ChatEvent[];
}

/** Writes one stream; not reusable. */
export interface ChatStreamEncoder {
  /** The bytes for some events, in whole events of the dialect; undefined where there are none. Never gets a `failure`. */
  encode(events: readonly ChatEvent[]): Uint8Array | undefined;
  /** As `Dialect.ping`, where this stream is of a kind that needs another. */
  readonly ping?: Uint8Array;
  /** The bytes that tell the caller that the stream failed, where they depend on what came before. */
  encodeError?(error: GatewayError, correlationId: string): Uint8Array;
}
