/* How well a memory's time fits the times that a question names: 0 to 1. */

import type { Memory } from '../../memory.ts';
import type { TimeSpan } from './span.ts';

/** What it is worth that something lies just outside of what was named: people don't count days. */
const NEAR = 0.4;
/** So much longer than before it people tell of a time afterwards. */
const TOLD_LATER = 3;
/** What it is worth that something was told at another time, about the time that was named. */
const TOLD_OF = 0.85;
/** What it is worth that something was still so then, though it began before. */
const STILL_SO = 0.6;

/** The best that any of its times does for any of the named ones. */
export function timeFit(memory: Memory, mentioned: readonly TimeSpan[], named: readonly TimeSpan[]): number {
  let best = 0;
  for (const span of named) {
    best = Math.max(best, span.weight * pointFit(memory.eventMs, span));
    if (isLasting(memory)) best = Math.max(best, span.weight * STILL_SO * (isSoWithin(memory, span) ? 1 : 0));
    for (const told of mentioned) best = Math.max(best, TOLD_OF * span.weight * told.weight * overlap(told, span));
  }
  return best;
}

/** What is known of somebody holds on from when it was said; a turn and what happened once are of their moment. */
export function isLasting({ kind }: Pick<Memory, 'kind'>): boolean {
  return kind !== 'turn' && kind !== 'event';
}

/** From the earliest to the latest moment at which something may have been said that fits one of them. */
export function reachOf(named: readonly TimeSpan[]): { readonly fromMs: number; readonly toMs: number } {
  let from = Infinity;
  let to = -Infinity;
  for (const { fromMs, toMs, slackMs } of named) {
    from = Math.min(from, fromMs - slackMs);
    to = Math.max(to, toMs + TOLD_LATER * slackMs);
  }
  return { fromMs: from, toMs: to };
}

/** Whether what is known of somebody (a city, an employer) held at some moment of the span. */
export function isSoWithin(
  memory: Pick<Memory, 'validFromMs' | 'validToMs'>,
  { fromMs, toMs }: Pick<TimeSpan, 'fromMs' | 'toMs'>,
): boolean {
  return memory.validFromMs < toMs && (memory.validToMs ?? Infinity) > fromMs;
}

function pointFit(ms: number, { fromMs, toMs, slackMs }: TimeSpan): number {
  if (ms >= fromMs && ms < toMs) return 1;
  const distance = ms < fromMs ? fromMs - ms : (ms - toMs) / TOLD_LATER;
  return distance < slackMs ? NEAR * (1 - distance / slackMs) : 0;
}

/** 1 where the one lies within the other and is not much shorter. */
function overlap(told: TimeSpan, named: TimeSpan): number {
  const common = Math.min(told.toMs, named.toMs) - Math.max(told.fromMs, named.fromMs);
  if (common <= 0) return 0;
  const toldMs = told.toMs - told.fromMs;
  const namedMs = named.toMs - named.fromMs;
  const share = common / Math.min(toldMs, namedMs);
  // "This year" tells little of one day.
  return toldMs > namedMs ? share * Math.sqrt(namedMs / toldMs) : share;
}
