/*
 * A user who was erased in one process is so in all that share a Redis: what others keep in their own memory under the user's scope they delete when they
 * hear of it. It is a hint, which may be lost with its Redis; then what they keep ends with its time.
 */

import { z } from 'zod';
import { NEVER } from '../base/abort.ts';
import type { Broadcast } from '../stores/broadcast/broadcast.ts';
import type { ValueStore } from '../stores/value/value-store.ts';
import type { Logger } from '../telemetry/logger.ts';

/** As `valueScope` makes them. Anyone who reaches the Redis may write there. */
const messageSchema = z.object({ erase: z.string().regex(/^[\w-]{22}:$/) });

export interface EraseNewsDeps {
  readonly broadcast: Pick<Broadcast, 'publish' | 'listen'>;
  readonly values: ValueStore;
  readonly logger: Logger;
}

/** Listens, and gives what tells the others of a scope. */
export function createEraseNews({ broadcast, values, logger }: EraseNewsDeps): (scope: string) => void {
  broadcast.listen({
    onMessage(text) {
      const scope = parse(text);
      if (scope === undefined) return;
      values
        .deletePrefix(scope, NEVER)
        .catch((error: unknown) => logger.warn('what is kept of an erased user could not be deleted', { error }));
    },
    onJoin: () => {},
  });
  return (scope) => broadcast.publish(JSON.stringify({ erase: scope }));
}

function parse(text: string): string | undefined {
  try {
    return messageSchema.safeParse(JSON.parse(text)).data?.erase;
  } catch {
    return undefined;
  }
}
