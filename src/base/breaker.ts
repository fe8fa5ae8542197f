import type { Clock } from './clock.ts';

/*
 * Circuit breaker for one thing that may fail: an endpoint, a store.
 *
 *   closed ──failuresMax in a row, or too many in the window──▶ open ──its time is up──▶ half-open ──successesToClose──▶ closed
 *                                                                ▲──────────any failure──────┘
 *
 * `closed` lets traffic flow, as in an electric circuit. The word confuses everyone once.
 *
 * The rules are pure functions over BreakerState; `createBreaker` adds what is not: time, chance, the window of recent results
 * and the gate that lets exactly one probe through at a time.
 *
 * Invariants:
 *   - while half-open at most one probe is in flight: whoever got 'probe' must say success, failure or cancel, exactly once;
 *   - results of calls that began before the breaker opened are ignored until it has closed again;
 *   - the first opening lasts exactly openMs, a later one somewhere between openMs and twice as long as the one before could,
 *     up to openMsMax: replicas that failed together must not all probe together;
 *   - what others say (`learn`) is a hint. It opens for openMsMax at most, then a probe of ours decides; and once such an opening is over, the
 *     breaker goes by what it sees itself for openMsMax: a replica with a broken network of its own cannot keep the others closed off.
 */

export interface BreakerConfig {
  /** Failures in a row that open it. */
  readonly failuresMax: number;
  /** It also opens when, of the last `size` results and with at least `minimumCalls` of them, a share of `failureRate` (0 to 1] failed. */
  readonly window: { readonly size: number; readonly minimumCalls: number; readonly failureRate: number };
  /** How long it stays open the first time. */
  readonly openMs: number;
  /** Longest time to stay open, however often the probes fail. */
  readonly openMsMax: number;
  /** Probes that must succeed, one after another, before it closes. */
  readonly successesToClose: number;
}

export type BreakerState =
  | { readonly kind: 'closed'; readonly failures: number }
  /** `openings`: how often it has opened since it was last closed. */
  | { readonly kind: 'open'; readonly untilMs: number; readonly openings: number; readonly told?: true }
  /** `told`: it opened because another process said so. */
  | { readonly kind: 'half-open'; readonly successes: number; readonly openings: number; readonly told?: true };

/** What another process saw of the same thing: its breaker opened for so long, or closed again. */
export type BreakerNews = { readonly kind: 'opened'; readonly forMs: number } | { readonly kind: 'closed' };

/** What a failure is judged by, beside the state. */
export interface FailureFacts {
  /** Results in the window, this one included. */
  readonly calls: number;
  readonly failures: number;
  readonly nowMs: number;
  /** In [0, 1). */
  readonly random: number;
}

export const CLOSED: BreakerState = { kind: 'closed', failures: 0 };

/** An open breaker whose time is up is half-open. */
export function stateAt(state: BreakerState, nowMs: number): BreakerState {
  if (state.kind !== 'open' || nowMs < state.untilMs) return state;
  return { kind: 'half-open', successes: 0, openings: state.openings, ...(state.told === undefined ? {} : { told: state.told }) };
}

export function onSuccess(state: BreakerState, config: BreakerConfig): BreakerState {
  if (state.kind === 'closed') return state.failures === 0 ? state : CLOSED;
  if (state.kind === 'open') return state;
  const successes = state.successes + 1;
  return successes >= config.successesToClose ? CLOSED : { ...state, successes };
}

export function onFailure(state: BreakerState, facts: FailureFacts, config: BreakerConfig): BreakerState {
  if (state.kind === 'open') return state;
  if (state.kind === 'half-open') return opened(state.openings + 1, facts, config);
  const failures = state.failures + 1;
  const { minimumCalls, failureRate } = config.window;
  const isOverRate = facts.calls >= minimumCalls && facts.failures >= failureRate * facts.calls;
  return failures >= config.failuresMax || isOverRate ? opened(1, facts, config) : { kind: 'closed', failures };
}

/**
 * What follows from news. Whoever opened by what it saw itself is let probe at once when others have closed; whoever was merely told to
 * open closes. News of an opening say nothing to one that is not closed.
 */
export function onNews(
  state: BreakerState,
  news: BreakerNews,
  facts: { readonly nowMs: number; readonly openMsMax: number },
): BreakerState {
  if (news.kind === 'opened') {
    if (state.kind !== 'closed') return state;
    const forMs = Math.min(Math.max(0, news.forMs), facts.openMsMax);
    return forMs > 0 ? { kind: 'open', untilMs: facts.nowMs + forMs, openings: 1, told: true } : state;
  }
  if (state.kind === 'closed') return state;
  if (state.told === true) return CLOSED;
  return state.kind === 'open' ? { ...state, untilMs: facts.nowMs } : state;
}

function opened(openings: number, facts: FailureFacts, config: BreakerConfig): BreakerState {
  const longestMs = Math.max(config.openMs, Math.min(config.openMsMax, config.openMs * 2 ** (openings - 1)));
  return { kind: 'open', untilMs: facts.nowMs + config.openMs + facts.random * (longestMs - config.openMs), openings };
}

/** `pass`: go on. `probe`: go on, as the only one. `refuse`: do not call. */
export type Grant = 'pass' | 'probe' | 'refuse';

export interface BreakerSnapshot {
  readonly state: BreakerState['kind'];
  /** Failures in a row, at the last one that counted. */
  readonly failureCount: number;
  /** Failures among the last `window.size` results. */
  readonly recentFailures: number;
  /** Results since the start, success or failure. */
  readonly totalCalls: number;
  /** Until a probe is allowed; 0 unless open. */
  readonly retryAfterMs: number;
}

export interface Breaker {
  /** Asks to make a call. Every 'pass' and 'probe' must be answered by exactly one of success, failure or cancel. */
  tryAcquire(): Grant;
  success(grant: Grant): void;
  failure(grant: Grant): void;
  /** Nothing was learned, as when the client went away: frees the place of the probe. */
  cancel(grant: Grant): void;
  /** Takes a hint from another process that calls the same thing. */
  learn(news: BreakerNews): void;
  /** Closes it and forgets the past. */
  reset(): void;
  snapshot(): BreakerSnapshot;
}

export interface BreakerDeps {
  readonly clock: Clock;
  readonly random: () => number;
  /** Called after every change of state, in order. Must not throw. */
  readonly onChange?: (from: BreakerState['kind'], to: BreakerState['kind']) => void;
}

export function createBreaker(config: BreakerConfig, deps: BreakerDeps): Breaker {
  const { clock, random, onChange } = deps;
  const openMsMax = Math.max(config.openMs, config.openMsMax);
  const recent = createResultWindow(config.window.size);
  let state = CLOSED;
  let isProbing = false;
  let failuresInRow = 0;
  let totalCalls = 0;
  /** Until then nobody is believed that it should open. */
  let deafUntilMs = -Infinity;

  const move = (to: BreakerState): void => {
    const from = state.kind;
    if (to.kind === 'closed' && wasTold(state)) deafUntilMs = clock.monotonic() + openMsMax;
    state = to;
    if (to.kind === from) return;
    isProbing = false;
    if (to.kind === 'closed') recent.clear();
    onChange?.(from, to.kind);
  };
  /** Whether a result still says something about the state: while half-open only the probe's does, while open none. */
  const counts = (grant: Grant): boolean => (state.kind === 'closed' ? true : state.kind === 'half-open' && grant === 'probe' && isProbing);

  return {
    tryAcquire() {
      if (state.kind === 'closed') return 'pass';
      move(stateAt(state, clock.monotonic()));
      if (state.kind === 'open' || isProbing) return 'refuse';
      isProbing = true;
      return 'probe';
    },
    success(grant) {
      totalCalls += 1;
      if (!counts(grant)) return;
      isProbing = false;
      failuresInRow = 0;
      recent.add(false);
      move(onSuccess(state, config));
    },
    failure(grant) {
      totalCalls += 1;
      if (!counts(grant)) return;
      isProbing = false;
      failuresInRow += 1;
      recent.add(true);
      move(onFailure(state, { calls: recent.size, failures: recent.failures, nowMs: clock.monotonic(), random: random() }, config));
    },
    cancel(grant) {
      if (counts(grant)) isProbing = false;
    },
    learn(news) {
      const nowMs = clock.monotonic();
      if (news.kind === 'closed' || nowMs >= deafUntilMs) move(onNews(state, news, { nowMs, openMsMax }));
    },
    reset() {
      failuresInRow = 0;
      recent.clear();
      move(CLOSED);
    },
    snapshot() {
      const nowMs = clock.monotonic();
      const current = stateAt(state, nowMs);
      const retryAfterMs = current.kind === 'open' ? current.untilMs - nowMs : 0;
      return { state: current.kind, failureCount: failuresInRow, recentFailures: recent.failures, totalCalls, retryAfterMs };
    },
  };
}

function wasTold(state: BreakerState): boolean {
  return state.kind !== 'closed' && state.told === true;
}

interface ResultWindow {
  readonly size: number;
  readonly failures: number;
  add(isFailure: boolean): void;
  clear(): void;
}

/** The last `sizeMax` results, in a ring. */
function createResultWindow(sizeMax: number): ResultWindow {
  const ring = new Uint8Array(sizeMax);
  let next = 0;
  let size = 0;
  let failures = 0;
  return {
    get size() {
      return size;
    },
    get failures() {
      return failures;
    },
    add(isFailure) {
      if (size === sizeMax) failures -= ring[next] ?? 0;
      else size += 1;
      ring[next] = isFailure ? 1 : 0;
      if (isFailure) failures += 1;
      next = next + 1 === sizeMax ? 0 : next + 1;
    },
    clear() {
      next = 0;
      size = 0;
      failures = 0;
    },
  };
}
