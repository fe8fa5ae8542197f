/* Whether a PostgreSQL answers, asked on its own time, so that an answer about health waits for nobody. */

import type { Clock } from '../../base/clock.ts';
import type { PostgresConnection } from './postgres-connection.ts';

const INTERVAL_MS = 5_000;

export interface PostgresWatch extends Disposable {
  /** Undefined: it has not been asked yet. */
  readonly isUp: boolean | undefined;
}

export interface PostgresWatchDeps {
  readonly clock: Clock;
  readonly onChange: (isUp: boolean) => void;
}

/** Asks at once, and every five seconds until it is disposed. */
export function watchPostgres(connection: PostgresConnection, { clock, onChange }: PostgresWatchDeps): PostgresWatch {
  let isUp: boolean | undefined;
  let timer: Disposable | undefined;
  let isOver = false;
  const ask = async (): Promise<void> => {
    const answered = await connection.ping();
    if (isOver) return;
    if (answered !== isUp) onChange(answered);
    isUp = answered;
    timer = clock.after(INTERVAL_MS, begin);
  };
  // It never rejects.
  const begin = (): void => void ask().catch(() => {});
  begin();
  return {
    get isUp() {
      return isUp;
    },
    [Symbol.dispose]() {
      isOver = true;
      timer?.[Symbol.dispose]();
    },
  };
}
