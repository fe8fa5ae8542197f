/*
 * PostgreSQL: reached, allowed, quick, and set up such that what was acknowledged is kept. One connection of our own, which is closed again; nothing
 * is written.
 */

import { SQL } from 'bun';
import type { Abortable } from '../base/abort.ts';
import { raceAbort } from '../base/abort.ts';
import type { Clock } from '../base/clock.ts';
import type { Config } from '../config/config.ts';
import { isLoopback } from '../config/safety.ts';
import { isPostgres } from '../stores/postgres/open-postgres.ts';
import { sqlState } from '../stores/postgres/postgres-schema.ts';
import { type Finding, fail, graver, ok, shown, skipped, warn } from './finding.ts';

const CONNECT_S_MAX = 3;
const ASK_MS_MAX = 5_000;
const PINGS = 5;
/** `gen_random_uuid` is part of it since then, and older ones are no longer cared for. */
const MAJOR_MIN = 13;

export interface PostgresFacts {
  /** `15.4`. */
  readonly version: string;
  /** Of the middle one of some pings. */
  readonly roundTripMs: number;
  readonly encoding: string;
  readonly isReplica: boolean;
  /** Whether the schema is there, and whether this user may make it, or write what is in it. */
  readonly hasSchema: boolean;
  readonly mayMakeSchema: boolean;
  readonly mayWrite: boolean;
  /** `fsync`, `synchronous_commit`. */
  readonly fsync: string;
  readonly synchronousCommit: string;
  readonly connectionsMax: number;
  readonly isEncrypted: boolean;
}

export type PostgresOutcome =
  | { readonly kind: 'answered'; readonly facts: PostgresFacts }
  | { readonly kind: 'failed'; readonly reason: string };

export async function examinePostgres(config: Config, deps: { readonly clock: Clock; readonly signal: Abortable }): Promise<Finding[]> {
  const { records } = config.state;
  if (!isPostgres(records)) return [skipped('postgres', 'no PostgreSQL is configured: records are kept on this machine')];
  return judgePostgres(config, await probePostgres(records, deps));
}

/** Pure. */
export function judgePostgres(config: Config, outcome: PostgresOutcome): Finding[] {
  const url = config.state.records;
  const where = shown(url);
  if (outcome.kind === 'failed')
    return [
      fail('postgres.reached', {
        subject: where,
        seen: `${where} cannot be used: ${outcome.reason}`,
        todo: 'start it, or set state.records to where it is: postgres://USER:PASSWORD@HOST:5432/DATABASE',
      }),
      ...way(config, undefined),
    ];
  const { facts } = outcome;
  const timeoutMs = config.state.records_timeout;
  const told = `PostgreSQL ${facts.version} at ${where} answers in ${facts.roundTripMs.toFixed(1)} ms`;
  return [
    facts.roundTripMs * 4 > timeoutMs
      ? warn('postgres.reached', {
          subject: where,
          seen: `${told}: reads are given up after ${timeoutMs} ms (state.records_timeout)`,
          todo: 'move PostgreSQL nearer, or raise state.records_timeout',
        })
      : ok('postgres.reached', told, where),
    ...fitness(facts, where),
    rights(facts, where),
    durability(facts, where),
    ...connections(facts, config),
    ...way(config, facts.isEncrypted),
  ];
}

function fitness({ version, encoding, isReplica }: PostgresFacts, where: string): Finding[] {
  const findings: Finding[] = [];
  if (Number.parseInt(version, 10) < MAJOR_MIN)
    findings.push(
      fail('postgres.version', { subject: where, seen: `PostgreSQL ${version} is too old`, todo: `take PostgreSQL ${MAJOR_MIN} or newer` }),
    );
  if (isReplica)
    findings.push(
      fail('postgres.role', { subject: where, seen: 'it is a replica, which takes no writes', todo: 'set state.records to the primary' }),
    );
  if (encoding !== 'UTF8')
    findings.push(
      fail('postgres.encoding', {
        subject: where,
        seen: `the database's encoding is ${encoding}: not every text can be kept there`,
        todo: "make the database anew: CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0",
      }),
    );
  return findings;
}

function rights({ hasSchema, mayMakeSchema, mayWrite }: PostgresFacts, where: string): Finding {
  if (hasSchema ? mayWrite : mayMakeSchema) return ok('postgres.rights', 'this user may keep records there', where);
  return fail('postgres.rights', {
    subject: where,
    seen: hasSchema ? 'this user may not write the tables of the schema gatehouse' : 'this user may not make the schema gatehouse',
    todo: hasSchema
      ? 'GRANT USAGE ON SCHEMA gatehouse, and SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA gatehouse, to this user'
      : 'GRANT CREATE ON DATABASE … TO this user, or let its owner start a gateway once',
  });
}

function durability({ fsync, synchronousCommit }: PostgresFacts, where: string): Finding {
  if (fsync !== 'on')
    return warn('postgres.durability', {
      subject: where,
      seen: 'fsync is off: a crash of the machine may destroy the database',
      todo: 'set fsync = on in postgresql.conf',
    });
  if (synchronousCommit === 'off')
    return warn('postgres.durability', {
      subject: where,
      seen: 'synchronous_commit is off: what was acknowledged last may be lost in a crash',
      todo: 'set synchronous_commit = on',
    });
  return ok('postgres.durability', 'what it has acknowledged outlives a crash', where);
}

/** Each process has a pool for what is uploaded, one for memories, and one for vectors. */
function connections({ connectionsMax }: PostgresFacts, { server, state }: Config): Finding[] {
  const wanted = 3 * server.workers * state.records_connections_max;
  if (wanted <= connectionsMax * 0.8) return [];
  return [
    warn('postgres.connections', {
      seen: `this gateway may open ${wanted} connections, and the server takes ${connectionsMax} of all its clients`,
      todo: 'lower state.records_connections_max, raise max_connections, or put a pooler in between',
    }),
  ];
}

/** How safe the way there is. */
function way(config: Config, isEncrypted: boolean | undefined): Finding[] {
  const { hostname, password, searchParams } = new URL(config.state.records);
  if (isLoopback(hostname)) return [];
  const grave = graver(config.server.environment === 'production');
  const where = shown(config.state.records);
  if (password === '')
    return [
      grave('postgres.way', {
        subject: where,
        seen: 'it is on another machine, and no password is configured',
        todo: 'give the user one, and set postgres://USER:PASSWORD@HOST:5432/DATABASE',
      }),
    ];
  const mode = searchParams.get('sslmode') ?? '';
  if (isEncrypted === false || !/^(?:require|verify-ca|verify-full)$/.test(mode))
    return [
      grave('postgres.way', {
        subject: where,
        seen: 'what is kept there may cross the network as plain text',
        todo: 'add ?sslmode=verify-full to state.records (NODE_EXTRA_CA_CERTS names an authority of your own)',
      }),
    ];
  if (mode === 'require')
    return [
      warn('postgres.way', {
        subject: where,
        seen: 'the way there is encrypted, but whoever answers is not asked who it is',
        todo: 'set sslmode=verify-full (NODE_EXTRA_CA_CERTS names an authority of your own)',
      }),
    ];
  return [ok('postgres.way', 'it asks for a password, and the way there is encrypted', where)];
}

/** Asks everything there is to ask. Never rejects. */
async function probePostgres(url: string, { clock, signal }: { clock: Clock; signal: Abortable }): Promise<PostgresOutcome> {
  const overdue = new AbortController();
  const stop = (): void => overdue.abort(new Error(`it takes the connection and says nothing for ${ASK_MS_MAX / 1_000} s`));
  const timer = clock.after(ASK_MS_MAX, stop);
  signal.addEventListener('abort', stop, { once: true });
  let sql: SQL | undefined;
  try {
    sql = new SQL(url, { max: 1, connectionTimeout: CONNECT_S_MAX, connection: { application_name: 'gatehouse doctor' } });
    return { kind: 'answered', facts: await raceAbort(askPostgres(sql, clock), overdue.signal) };
  } catch (error) {
    return { kind: 'failed', reason: reasonOf(error, url) };
  } finally {
    timer[Symbol.dispose]();
    signal.removeEventListener('abort', stop);
    await sql?.close({ timeout: 0 });
  }
}

const FACTS = `
  SELECT current_setting('server_version') AS version, current_setting('server_encoding') AS encoding, pg_is_in_recovery() AS replica,
    to_regnamespace('gatehouse') IS NOT NULL AS schema, has_database_privilege(current_database(), 'CREATE') AS make,
    coalesce((SELECT bool_and(has_table_privilege(c.oid, 'SELECT') AND has_table_privilege(c.oid, 'INSERT') AND has_table_privilege(c.oid, 'UPDATE')
      AND has_table_privilege(c.oid, 'DELETE')) AND has_schema_privilege(to_regnamespace('gatehouse'), 'USAGE')
      FROM pg_class c WHERE c.relkind = 'r' AND c.relnamespace = to_regnamespace('gatehouse')), true) AS write,
    current_setting('fsync') AS fsync, current_setting('synchronous_commit') AS commit, current_setting('max_connections')::int AS connections,
    coalesce((SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()), false) AS encrypted`;

interface FactsRow {
  readonly version: string;
  readonly encoding: string;
  readonly replica: boolean;
  readonly schema: boolean;
  readonly make: boolean;
  readonly write: boolean;
  readonly fsync: string;
  readonly commit: string;
  readonly connections: number;
  readonly encrypted: boolean;
}

async function askPostgres(sql: SQL, clock: Clock): Promise<PostgresFacts> {
  const [row] = (await sql.unsafe(FACTS)) as FactsRow[];
  if (row === undefined) throw new Error('it says nothing of itself');
  const times: number[] = [];
  for (let count = 0; count < PINGS; count += 1) {
    const startMs = clock.monotonic();
    await sql`SELECT 1`;
    times.push(clock.monotonic() - startMs);
  }
  return {
    version: row.version.split(' ')[0] ?? row.version,
    roundTripMs: times.toSorted((a, b) => a - b)[Math.floor(PINGS / 2)] ?? 0,
    encoding: row.encoding,
    isReplica: row.replica,
    hasSchema: row.schema,
    mayMakeSchema: row.make,
    mayWrite: row.write,
    fsync: row.fsync,
    synchronousCommit: row.commit,
    connectionsMax: row.connections,
    isEncrypted: row.encrypted,
  };
}

const FAULTS: Readonly<Record<string, string>> = {
  ERR_POSTGRES_CONNECTION_REFUSED: 'nobody listens there (connection refused)',
  ERR_POSTGRES_TLS_NOT_AVAILABLE: 'it speaks no TLS',
};

/** A server may repeat what it was sent: a password is never passed on. */
function reasonOf(error: unknown, url: string): string {
  const { code, message } = error as { code?: unknown; message?: unknown };
  const told = FAULTS[String(code)] ?? (typeof message === 'string' ? message.split('\n')[0] : undefined) ?? String(error);
  const state = sqlState(error);
  const { password } = new URL(url);
  const said = `${told.slice(0, 200)}${state === undefined ? '' : ` (${state})`}`;
  return password === '' ? said : said.replaceAll(password, '••••').replaceAll(decodeURIComponent(password), '••••');
}
