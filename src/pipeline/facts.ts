/*
 * The facts that more than one policy or the gateway's own machinery reads. A fact that one policy alone uses lives with it.
 */

import type { GatewayError } from '../base/errors.ts';
import type { ContextAnswer } from '../operations/context-answer.ts';
import type { ContextWish } from '../operations/context-wish.ts';
import type { Usage } from '../operations/usage.ts';
import { defineFact } from './fact.ts';

/** Who is calling. Written by `identify`. */
export interface Principal {
  /** Stable and never secret: a label in the ledger, the key of limits and caches. */
  readonly id: string;
  /** The tenant: caches, memory and coalescing are parted by it. */
  readonly tenant: string;
  /** A tier's name: its limits apply. */
  readonly tier: string;
  readonly admin: boolean;
  /** The end user this credential is bound to, if any. */
  readonly user?: string;
  /** Model names or globs that may be called; undefined: all. */
  readonly models?: readonly string[];
  /** Names, ids or globs of the collections of documents that may be used; undefined: all of the tenant's. */
  readonly collections?: readonly string[];
  /** What chats are told and remembered of, where the request does not say. */
  readonly context?: ContextWish;
  /** `anonymous` where the route is public or keys are off. */
  readonly kind: 'key' | 'token' | 'anonymous';
}
export const principalFact = defineFact<Principal>('principal');

/** What happened upstream, for the log, the metrics, the headers and later the ledger. Written by the terminal handler. */
export interface UpstreamFacts {
  /** Who answered: a target's or a service's name. */
  readonly target: string;
  readonly provider: string;
  /** The model that answered, as the provider names it. */
  readonly model?: string;
  readonly attempts: readonly AttemptRecord[];
  /** Milliseconds from the start of the exchange to the first token (streams) or the whole reply. */
  readonly firstTokenMs?: number;
}
export const upstreamFact = defineFact<UpstreamFacts>('upstream');

export interface AttemptRecord {
  readonly target: string;
  readonly endpoint: string;
  /** `ok`, or the code of the error. */
  readonly outcome: string;
  readonly status?: number;
  /** Monotonic milliseconds at its start; traces leave out attempts without it. */
  readonly startedMs?: number;
  readonly durationMs: number;
}

/** Written when it is known: for a stream, just before its end. */
export const usageFact = defineFact<Usage>('usage');

/** What the usage cost by the catalogue, in nano-dollars (10^-9 US dollars). Written by `observe`; never where a price is unknown. */
export const costFact = defineFact<number>('cost');

/** What the reuse stage did. */
export type CacheResult = 'hit' | 'miss' | 'bypass' | 'coalesced';
export const cacheFact = defineFact<CacheResult>('cache');

/** What memory and documents had to do with it; its figures grow until the reply has gone. Written by `context` where somebody asked for them. */
export const contextFact = defineFact<ContextAnswer>('context');

/** What input screening found: `check:action@where`, several with a space between. Written at the end. */
export const screeningFact = defineFact<string>('screening');

/** Milliseconds spent waiting for admission. */
export const queueFact = defineFact<number>('queue');

/** The error that became the reply, for the log and the metrics. Written by `rescue`. */
export const errorFact = defineFact<GatewayError>('error');
