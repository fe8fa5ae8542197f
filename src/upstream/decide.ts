/*
 * What to do after a failed attempt. Pure: what is known of the situation goes in, what to do comes out; the loop (call.ts) acts on it.
 *
 * The table of CONTRACTS.md §2, in its order of questions: does trying again change anything? may it be sent again at all? is there somewhere
 * else, and is it better there than here? is there time, and a retry to spend?
 */

import { backoffMs } from '../base/backoff.ts';
import type { GatewayError } from '../base/errors.ts';
import type { RetriesConfig } from './upstream-config.ts';

export interface Situation {
  readonly error: GatewayError;
  /** What the upstream answered, if it did. */
  readonly status: number | undefined;
  /** The upstream surely did not execute the request. */
  readonly notExecuted: boolean;
  /** Attempts made at this candidate so far, ≥ 1. */
  readonly attempt: number;
  /** The candidate has another address that may be asked and was not asked yet. */
  readonly otherEndpoint: boolean;
  /** There is a candidate after this one. */
  readonly moreCandidates: boolean;
  /** Running it twice does no harm. */
  readonly replayable: boolean;
  /** The body can be sent once more: it is no stream, or not one that began. */
  readonly resendable: boolean;
  /** The retry budget can pay for one. */
  readonly affordable: boolean;
  /** A refusal for content policy is tried elsewhere. */
  readonly retryContentPolicy: boolean;
  /** Until the call's deadline, in milliseconds. */
  readonly leftMs: number;
  /** In [0, 1). */
  readonly random: number;
}

export type RetryDecision =
  /** The same candidate again, after a wait: at an address that was not tried yet, where `elsewhere`, or at the same. */
  | { readonly kind: 'again'; readonly delayMs: number; readonly elsewhere: boolean; readonly paid: boolean }
  /** The next candidate, at once. */
  | { readonly kind: 'next' }
  | { readonly kind: 'stop' };

/** In less time nobody answers. */
const LEFT_MIN_MS = 10;

const STOP: RetryDecision = { kind: 'stop' };
const NEXT: RetryDecision = { kind: 'next' };

export function decide(situation: Situation, config: RetriesConfig): RetryDecision {
  const { error, attempt } = situation;
  if (isFinal(situation) || !situation.resendable || situation.leftMs < LEFT_MIN_MS) return STOP;
  if (!situation.replayable && !provesNotExecuted(situation)) return STOP;

  const elsewhere = situation.moreCandidates ? NEXT : STOP;
  if (isAboutCandidate(error)) return elsewhere;
  // Nothing was executed, and the other address was not asked: this costs no upstream anything, so it is not counted as a retry.
  if (situation.notExecuted && situation.otherEndpoint) return { kind: 'again', delayMs: 0, elsewhere: true, paid: false };
  if (attempt >= config.attempts_max || !situation.affordable) return elsewhere;
  if (situation.otherEndpoint) return { kind: 'again', delayMs: 0, elsewhere: true, paid: true };
  // Whoever was silent once is not asked again within this request.
  if (error.code === 'upstream_timeout') return elsewhere;

  const toldMs = error.options.retryAfterMs;
  if (situation.moreCandidates && toldMs === undefined && !mayHelpHere(situation)) return NEXT;
  const delayMs = toldMs ?? waitMs(situation, config);
  // An upstream may ask for an hour. Nobody waits that long.
  if (delayMs > config.delay_max || delayMs > situation.leftMs - LEFT_MIN_MS) return elsewhere;
  return { kind: 'again', delayMs, elsewhere: false, paid: true };
}

/** Trying again changes nothing. */
function isFinal({ error, retryContentPolicy }: Situation): boolean {
  return error.row.retry === 'never' && !(error.code === 'content_policy_violation' && retryContentPolicy);
}

/** A refusal to begin: no connection, or a status that says so (RFC 6585 §4; 503 with Retry-After, RFC 9110 §15.6.4). */
function provesNotExecuted(situation: Situation): boolean {
  const { status, error } = situation;
  return situation.notExecuted || status === 429 || (status === 503 && error.options.retryAfterMs !== undefined);
}

/** The same at all addresses of this candidate: its model, its credential, its breakers, its capacity. */
function isAboutCandidate(error: GatewayError): boolean {
  switch (error.code) {
    case 'upstream_credentials':
    case 'upstream_address_forbidden':
    case 'upstream_model_unknown':
    case 'context_length_exceeded':
    case 'content_policy_violation':
    case 'breaker_open':
    case 'overloaded':
      return true;
    default:
      return false;
  }
}

/** A hiccup that the next second may not have: an internal error, a bad gateway, a broken connection. A refusal and a 503 last longer. */
function mayHelpHere({ error, status, notExecuted }: Situation): boolean {
  if (notExecuted || error.code === 'upstream_rate_limited') return false;
  return status === undefined || status < 400 || status === 500 || status === 502;
}

function waitMs(situation: Situation, config: RetriesConfig): number {
  // A kept connection that the upstream closed as we sent is the likeliest reason for a first reset, and nothing to wait for.
  if (situation.attempt === 1 && situation.error.code === 'upstream_unreachable' && !situation.notExecuted) return 0;
  return backoffMs(situation.attempt, situation.random, { baseMs: config.base_delay, capMs: config.delay_max });
}
