/*
 * A streamed chat in our words. What always holds of a stream of these:
 *
 *   start ─▶ ( part ─▶ (text | arguments | signature | citation | log-probabilities)* ─▶ part-end )* ─▶ finish, per choice ─▶ usage? ─▶ end
 *
 *   - `start` comes once and first, `end` once and last, unless a `failure` ends it all: nothing comes after one;
 *   - parts have a number of their own within their choice, from 0; what belongs to a part comes between its `part` and its `part-end`;
 *   - an encoder gets one open part of a choice at a time: crossing.ts sees to that, so that decoders may give them as they come;
 *   - `finish` comes once for each choice, after its parts; `usage` may come more than once, and the last counts.
 */

import type { GatewayError } from '../base/errors.ts';
import type { Citation, FinishReason, MediaSource, NativePart, Signature, TokenLogProbability } from './chat.ts';
import type { Usage } from './usage.ts';

interface OfPart {
  /** Which of several answers, from 0. */
  readonly choice: number;
  /** Which part of it, from 0. */
  readonly part: number;
}

export type ChatEvent =
  | { readonly kind: 'start'; readonly id?: string; readonly model?: string; readonly createdAtMs?: number; readonly usage?: Usage }
  | ({ readonly kind: 'part'; readonly opening: PartOpening } & OfPart)
  /** Of a `text`, `reasoning`, `refusal` part, or what is said in an `audio` one. Never empty. */
  | ({ readonly kind: 'text'; readonly text: string } & OfPart)
  /** A piece of a tool call's arguments. Never empty. */
  | ({ readonly kind: 'arguments'; readonly text: string } & OfPart)
  | ({ readonly kind: 'signature'; readonly signature: Signature } & OfPart)
  | ({ readonly kind: 'citation'; readonly citation: Citation } & OfPart)
  | ({ readonly kind: 'log-probabilities'; readonly tokens: readonly TokenLogProbability[] } & OfPart)
  /** A piece of an `audio` part, base64 of whole bytes. */
  | ({ readonly kind: 'audio'; readonly base64: string } & OfPart)
  | ({ readonly kind: 'part-end' } & OfPart)
  | { readonly kind: 'finish'; readonly choice: number; readonly reason: FinishReason; readonly stopSequence?: string }
  | { readonly kind: 'usage'; readonly usage: Usage }
  | { readonly kind: 'end' }
  | { readonly kind: 'failure'; readonly error: GatewayError };

export type PartOpening =
  | { readonly kind: 'text' }
  | { readonly kind: 'reasoning'; readonly id?: string; readonly sealed?: true }
  | { readonly kind: 'refusal' }
  | {
      readonly kind: 'tool-call';
      readonly id: string;
      readonly name: string;
      readonly custom?: true;
      readonly signature?: Signature;
    }
  | { readonly kind: 'image'; readonly source: MediaSource }
  | { readonly kind: 'audio'; readonly media: string; readonly id?: string }
  | NativePart;
