/* PostgreSQL as it is configured: who keeps records there opens it here. */

import type { StateConfig } from '../state-config.ts';
import { PostgresConnection, type PostgresDeps } from './postgres-connection.ts';

/** How much longer a write may take than a read. */
const WRITE_SHARE = 10;

/** Whether records are kept in a PostgreSQL. */
export function isPostgres(records: string): boolean {
  return /^postgres(?:ql)?:/.test(records);
}

/** Undefined where records are kept elsewhere. Dials with the first call. */
export function openPostgres(
  { records, records_timeout, records_connections_max }: Pick<StateConfig, 'records' | 'records_timeout' | 'records_connections_max'>,
  deps: PostgresDeps,
): PostgresConnection | undefined {
  if (!isPostgres(records)) return undefined;
  return new PostgresConnection(
    {
      url: records,
      readTimeoutMs: records_timeout,
      writeTimeoutMs: records_timeout * WRITE_SHARE,
      connectionsMax: records_connections_max,
    },
    deps,
  );
}
