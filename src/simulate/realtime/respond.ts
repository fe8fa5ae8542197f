/** Sends a planned answer over a realtime socket: with its pace and its faults, until it ends or is cancelled. */
import { CUT_DELAY_MS, jitterOf, type Mark, marksOf, SHORT_WAIT_MS, silence } from '../delivery.ts';
import { FAILURE_IN_BAND } from '../failures.ts';
import type { Faults } from '../faults.ts';
import { createPace } from '../pace.ts';
import type { Visit } from '../visit.ts';
import type { Ending, Plan, ServerEvent } from './response-plan.ts';
import type { Wire } from './wire.ts';

export interface Delivery {
  readonly wire: Wire;
  readonly visit: Visit;
  readonly faults: Faults;
  /** Of the jitter. */
  readonly seed: number;
  /** Aborted when the client leaves. */
  readonly gone: AbortSignal;
  /** Aborted when the client takes its question back, or leaves. */
  readonly ended: AbortSignal;
}

/** How far an answer came. `undefined`: the connection ended with it. */
export interface Delivered {
  readonly sent: number;
  readonly ending: Ending;
}

/** `end` is how the answer ends when nothing happens to it. Never rejects. */
export async function respond(plan: Plan, end: Ending, delivery: Delivery): Promise<Delivered | undefined> {
  const { wire, visit, faults, gone, ended } = delivery;
  const { clock, ticker } = visit.world;
  for (const event of plan.opening) wire.say(event);
  const pace = createPace(faults, jitterOf(faults, delivery.seed), clock);
  let sent = 0;
  for (const mark of marksOf(faults, plan.tokenCount)) {
    while (sent < mark.after && !ended.aborted) {
      const waitMs = pace.nextWaitMs();
      // A wait that was ended is looked at below.
      if (waitMs > SHORT_WAIT_MS) await clock.sleep(waitMs, ended).catch(() => undefined);
      else if (waitMs > 0) await ticker.wait(waitMs);
      await wire.ready();
      if (ended.aborted) break;
      for (const event of plan.token(sent)) wire.say(event);
      sent += 1;
      visit.record.sent(1);
    }
    if (ended.aborted) break;
    if (!(await pass(mark, delivery))) return undefined;
    if (mark.kind === 'error') return close(plan, { sent, ending: { status: 'failed', error: ERROR } }, delivery);
  }
  if (gone.aborted) return undefined;
  return close(plan, { sent, ending: ended.aborted ? { status: 'cancelled', reason: 'client_cancelled' } : end }, delivery);
}

const ERROR = { type: 'server_error', code: 'server_error', message: FAILURE_IN_BAND.message };

export function errorEvent(
  error: { readonly type: string; readonly code: string | null; readonly message: string },
  about: { readonly param?: string | null; readonly event_id?: string | null } = {},
): ServerEvent {
  return { type: 'error', error: { ...error, param: about.param ?? null, event_id: about.event_id ?? null } };
}

/** Does what a fault tells. False: the connection is no more. */
async function pass({ kind }: Mark, { wire, visit, faults, gone }: Delivery): Promise<boolean> {
  switch (kind) {
    case 'malformed':
      wire.raw('{"type":"response.output_text.delta","delta":"bro');
      return true;
    case 'huge':
      wire.say({ type: 'response.output_text.delta', output_index: 0, content_index: 0, delta: 'x'.repeat(faults.hugeEvent ?? 0) });
      return true;
    case 'error':
      wire.say(errorEvent(ERROR));
      return true;
    case 'stall':
      await silence(gone).catch(() => undefined);
      return false;
    case 'end':
      visit.record.end('complete');
      wire.close();
      return false;
    case 'cut':
      // What was written leaves first.
      await visit.world.clock.sleep(CUT_DELAY_MS, gone).catch(() => undefined);
      visit.record.end('cut');
      wire.cut();
      return false;
    case 'close':
      return true;
  }
}

function close(plan: Plan, delivered: Delivered, { wire, faults }: Delivery): Delivered {
  const { sent, ending } = delivered;
  for (const event of plan.closing(sent, ending)) wire.say(event);
  if (faults.noDone) return delivered;
  wire.say(plan.done(sent, ending, !faults.noUsage));
  wire.say({ type: 'rate_limits.updated', rate_limits: RATE_LIMITS });
  return delivered;
}

const RATE_LIMITS = [
  { name: 'requests', limit: 1_000, remaining: 999, reset_seconds: 0.06 },
  { name: 'tokens', limit: 50_000, remaining: 49_950, reset_seconds: 0.06 },
];
