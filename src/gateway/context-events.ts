import type { ContextEvents } from '../policies/context/context-events.ts';
import type { Metrics } from '../telemetry/metrics.ts';

/** What becomes of the context of chats, as it is counted. */
export function contextEvents(metrics: Metrics): ContextEvents {
  return {
    retrieved: (part, durationMs) => metrics.contextRetrieved(part, durationMs),
    told(counts) {
      for (const [kind, count] of Object.entries(counts)) if (count > 0) metrics.contextTold(kind, count);
    },
    leftOut: (part, reason) => metrics.contextLeftOut(part, reason),
    saved: (state) => metrics.memorySaved(state),
  };
}
