/*
 * The form in which a caller wants an answer, where that is not what targets say. A dialect that no target speaks puts its question in the
 * words of one that targets do speak, and leaves a form with it; the policy `answer-form` puts the answer into that form on its way back.
 */

import type { GatewayError } from '../base/errors.ts';
import type { ContextAnswer } from './context-answer.ts';

/** What is known of an exchange when its answer is told. Times are in milliseconds. */
export interface AnswerFacts {
  /** Letters and digits that no other answer has. */
  readonly id: string;
  /** Nobody was asked for it: it came from the cache, or from the same question of another caller. */
  readonly cached: boolean;
  /** Who answered, as far as the upstream said so or routing knows. */
  readonly model: string | undefined;
  /** Wall time. */
  readonly nowMs: number;
  /** From the question to the whole answer, the cache and all attempts included. */
  readonly generationMs: number;
  /** Since the request came in. */
  readonly totalMs: number;
  /** Memories and documents that it was made with; absent where nobody asked for any. */
  readonly context?: ContextAnswer | undefined;
}

/** Puts a stream into the form: chunks may be cut anywhere, and come out whole events. Not reusable. */
export interface FormStream {
  /** Where it is not what the dialect's streams are. */
  readonly contentType?: string;
  /** What may go to the caller now; undefined when nothing can go yet. */
  push(chunk: Uint8Array): Uint8Array | undefined;
}

export interface AnswerForm {
  /** The end user whom the body speaks for. It counts only as far as the caller's key allows. */
  readonly user: string | undefined;
  /** A whole answer, as JSON. Throws `upstream_reply_invalid` when the bytes are none. */
  whole(bytes: Uint8Array, facts: AnswerFacts): Uint8Array | string;
  /** Absent where the form knows no streams, and then none is asked for. `look` says what is known at that moment. */
  stream?(look: () => AnswerFacts): FormStream;
  /** What a reply means that is no answer. */
  refusal(status: number, headers: Headers, bytes: Uint8Array): GatewayError;
}
