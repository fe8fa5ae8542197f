/* Records in a real PostgreSQL: its promises. */
import { afterAll, describe } from 'bun:test';
import { systemClock } from '../../src/base/system-clock.ts';
import { PostgresConnection } from '../../src/stores/postgres/postgres-connection.ts';
import { recordConformance } from '../../src/stores/record/conformance.ts';
import { createPostgresRecords } from '../../src/stores/record/postgres-records.ts';
import { postgresAvailable, startPostgres } from '../harness/postgres.ts';

describe.skipIf(!postgresAvailable())('PostgreSQL', async () => {
  if (!postgresAvailable()) return;
  const server = await startPostgres();
  afterAll(() => server[Symbol.asyncDispose]());
  const connect = (url: string) =>
    new PostgresConnection(
      { url, readTimeoutMs: 5_000, writeTimeoutMs: 20_000, connectionsMax: 4 },
      { clock: systemClock, random: Math.random, onFault: (m) => console.log('FAULT', m) },
    );
  recordConformance('PostgreSQL', {
    create: async () => {
      const url = await server.createDatabase();
      return {
        open: () => {
          const connection = connect(url);
          const store = createPostgresRecords(connection);
          return Object.assign(store, { [Symbol.asyncDispose]: () => connection[Symbol.asyncDispose]() });
        },
      };
    },
  });
});
