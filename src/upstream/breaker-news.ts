/*
 * News of circuit breakers between the processes that share a Redis: what one found broken, the others need not find out for themselves.
 *
 *   ours opens or closes by what we saw   ─▶  told to the others, once
 *   another tells us                      ─▶  breaker.learn: a hint, of bounded effect (base/breaker.ts), and not told on: no loops
 *   an administrator resets one           ─▶  reset everywhere
 *   we begin to hear, or hear again       ─▶  we ask, twice, for words may be lost; and the others tell which of theirs are open
 *
 * A breaker is known by its name and its address: processes whose configurations differ do not mix up their upstreams.
 */

import { z } from 'zod';
import type { BreakerNews } from '../base/breaker.ts';
import type { Clock } from '../base/clock.ts';
import { spaced } from '../base/spaced.ts';
import { take } from '../base/token-bucket.ts';
import type { Broadcast } from '../stores/broadcast/broadcast.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { EndpointRegistry, NamedBreaker } from './registry.ts';
import type { UpstreamEvents } from './upstream-events.ts';

const name = z.string().min(1).max(1_000);
const messageSchema = z.discriminatedUnion('breaker', [
  z.object({ breaker: z.literal('opened'), name, address: name, for_ms: z.number().min(0) }),
  z.object({ breaker: z.literal('closed'), name, address: name }),
  z.object({ breaker: z.literal('reset'), name }),
  z.object({ breaker: z.literal('ask') }),
]);
type Message = z.infer<typeof messageSchema>;

/** A breaker that flaps, or thousands that open at once, must not flood the others: what is over is not told. */
const TOLD = { limit: 200, windowMs: 1_000, cost: 1 } as const;
/** Many may ask at once, when Redis is back: they all hear one answer. Who asks just after one hears the next. */
const ANSWER_EVERY_MS = 1_000;
/** What we asked first may have gone nowhere: the connection that we talk on may not have been there yet. */
const ASK_AGAIN_MS = 1_000;

export interface BreakerNewsDeps {
  readonly broadcast: Pick<Broadcast, 'publish' | 'listen'>;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface BreakerNewsDesk {
  /** The same events, of which those about breakers are told to the others as well. */
  watch(events: UpstreamEvents): UpstreamEvents;
  /** Begins to listen. */
  join(registry: Pick<EndpointRegistry, 'breakers' | 'learn' | 'resetBreaker'>): void;
  /** Resets a breaker here and everywhere; false, and nothing is told, when there is none of that name. */
  reset(name: string): boolean;
}

export function createBreakerNews({ broadcast, clock, logger }: BreakerNewsDeps): BreakerNewsDesk {
  let registry: Pick<EndpointRegistry, 'breakers' | 'learn' | 'resetBreaker'> | undefined;
  /** What changes now was told to us, or is told otherwise. */
  let isQuiet = false;
  let tatMs = 0;
  let nextAsk: Disposable | undefined;

  /** `find` is called only if it may be told, for it looks at every breaker. */
  const tell = (find: () => Message | undefined): void => {
    const decision = take(tatMs, clock.monotonic(), TOLD);
    tatMs = decision.tatMs;
    const message = decision.allowed ? find() : undefined;
    if (message !== undefined) broadcast.publish(JSON.stringify(message));
  };
  const quietly = <T>(change: () => T): T => {
    isQuiet = true;
    try {
      return change();
    } finally {
      isQuiet = false;
    }
  };
  const tellOpen = (): void => {
    for (const breaker of registry?.breakers() ?? []) if (breaker.snapshot.state === 'open') tell(() => opened(breaker));
  };
  const answer = spaced(tellOpen, ANSWER_EVERY_MS, clock);
  const learn = (message: Extract<Message, { address: string }>): void => {
    const news: BreakerNews = message.breaker === 'opened' ? { kind: 'opened', forMs: message.for_ms } : { kind: 'closed' };
    const changed = quietly(() => registry?.learn(message, news)) === true;
    if (changed) logger.info('Another process told of a circuit breaker', { breaker: message.name, news: message.breaker });
  };

  return {
    watch: (events) => ({
      ...events,
      onBreakerChange(changed, from, to) {
        events.onBreakerChange(changed, from, to);
        if (isQuiet || to === 'half-open') return;
        tell(() => {
          const breaker = registry?.breakers().find((candidate) => candidate.name === changed);
          if (breaker === undefined) return undefined;
          return to === 'open' ? opened(breaker) : { breaker: 'closed', name: changed, address: breaker.address };
        });
      },
    }),
    join(joined) {
      registry = joined;
      broadcast.listen({
        onMessage(text) {
          const message = parse(text);
          if (message === undefined) return;
          if (message.breaker === 'ask') answer();
          else if (message.breaker === 'reset') quietly(() => registry?.resetBreaker(message.name));
          else learn(message);
        },
        onJoin: () => {
          const ask = (): void => tell(() => ({ breaker: 'ask' }));
          ask();
          nextAsk?.[Symbol.dispose]();
          nextAsk = clock.after(ASK_AGAIN_MS, ask);
        },
      });
    },
    reset(reset) {
      if (quietly(() => registry?.resetBreaker(reset)) !== true) return false;
      tell(() => ({ breaker: 'reset', name: reset }));
      return true;
    },
  };
}

function opened({ name: opener, address, snapshot }: NamedBreaker): Message {
  return { breaker: 'opened', name: opener, address, for_ms: Math.ceil(snapshot.retryAfterMs) };
}

/** Anyone who reaches this Redis may write there, also an older or newer gateway: what is not understood is passed over. */
function parse(text: string): Message | undefined {
  try {
    return messageSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
