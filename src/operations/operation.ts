/*
 * What a caller asks of a model, in our words. A dialect decodes an HTTP body into one of these; routing and policies read it.
 *
 * Bytes first: the operation keeps the caller's own bytes, and `encode` hands them on with the least change that is needed.
 */

import type { AnswerForm } from './answer-form.ts';
import type { ContextWish } from './context-wish.ts';
import type { Upload } from './upload.ts';

/** `compact`: a conversation as a shorter one, in the vendor's own sealed form. */
export const ALL_OPERATIONS = ['chat', 'completion', 'embed', 'rerank', 'count-tokens', 'compact'] as const;

/** Those that pass between a caller and a target of the same dialect as they are: what they say is not put into our words. */
export const PASSED_OPERATIONS = [
  'image',
  'image-edit',
  'image-variation',
  'speech',
  'transcription',
  'translation',
  'moderation',
  'realtime',
  'files',
  'batches',
] as const;

export type PassedKind = (typeof PASSED_OPERATIONS)[number];

export type OperationKind = (typeof ALL_OPERATIONS)[number] | PassedKind;

/** Those that can be put to a target of another dialect, where both have them. */
export const CROSSED_OPERATIONS = ['chat', 'embed', 'rerank', 'count-tokens'] as const satisfies readonly OperationKind[];

export interface Operation {
  readonly kind: OperationKind;
  /** The dialect that targets must speak to be asked it, and that they answer in. */
  readonly dialect: string;
  /** The model as the caller named it: an alias or a `provider/model` pair. */
  readonly model: string;
  /** The body names no model: `model` is the dialect's own default, which the configuration may overrule. */
  readonly modelDefaulted?: boolean;
  /** Whether the answer is wanted as a stream of events. */
  readonly stream: boolean;
  /** The caller asked for usage in the stream; when not, usage that we asked for is withheld. */
  readonly usageWanted: boolean;
  /** Asking twice gives the same answer, as far as the request can say (temperature 0 or a seed; embeddings always). */
  readonly deterministic: boolean;
  /** It is asked for what it does (a model is loaded or unloaded), so no earlier answer will do. */
  readonly command?: true;
  /** It means nothing in another dialect. */
  readonly sameDialect?: true;
  /** The form of the operation that it was asked in, where the dialect has several of them. */
  readonly form?: string;
  /** The caller's end user, when the body names one. */
  readonly user?: string;
  /** The most output tokens asked for, when the body says so. */
  readonly outputTokensMax?: number;
  /** What the body said that a target of the dialect is told by header; lower case. */
  readonly headers?: Readonly<Record<string, string>>;
  /** What its whole answer is, where it is no JSON: text, or the bytes of a file. */
  readonly reply?: 'text' | 'bytes';
  /** How many results were asked for, where a streamed answer ends with the last of them. Default: 1. */
  readonly results?: number;
  /** Characters of what is to be spoken, where that is asked for. */
  readonly inputCharacters?: number;
  /** The body, where it is a form; then `bytes` is empty, and `encode` is not called. */
  readonly upload?: Upload;
  /** How the caller wants the answer, where it is not the dialect's own way. */
  readonly answerForm?: AnswerForm;
  /** What the body says of memory and documents, where it has fields of its own for that: what it said, and what holds where nothing is said. */
  readonly wish?: { readonly said: ContextWish; readonly usual: ContextWish };
  /** What the gateway put beside the caller's words. */
  readonly told?: ToldContext;
  /** The question in the dialect: the caller's own bytes, but where there is an `answerForm`. */
  readonly bytes: Uint8Array;
  /** The bytes for a target of the same dialect: the caller's own, with `model` spliced, and usage asked for when streaming. */
  encode(model: string, target: EncodeOptions): Uint8Array;
}

export interface ToldContext {
  /** Whose memory has a part in it: other users get answers of their own. */
  readonly user: string | undefined;
  /** It says something of the user, so its answer is kept for nobody: whoever erases the user would not find it. */
  readonly isPersonal: boolean;
  /** The text that was put in; undefined: none was. */
  readonly text: string | undefined;
}

export interface EncodeOptions {
  /** The target accepts being asked for usage in a stream. */
  readonly streamUsage: boolean;
}
