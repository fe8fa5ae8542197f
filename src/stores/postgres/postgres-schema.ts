/*
 * The tables of the gateway in PostgreSQL: all in a schema of their own, `gatehouse`, each component's with a version. They are made, and brought
 * from one version to the next, by whoever comes first, one at a time; the others wait and find them.
 *
 * A user who may not make a schema can use one that somebody else has made with a gateway of the same version.
 */

import type { SQL } from 'bun';

export interface PostgresComponent {
  /** Whose tables they are, in words. */
  readonly name: string;
  /** Each brings the tables to the next version; the first one makes them. One that was released is never changed. */
  readonly migrations: readonly string[];
}

/** A number that nobody else takes for a lock of theirs: `gatehous` in ASCII. */
const LOCK = '7449359456029144435';

const GROUND = `
  CREATE SCHEMA IF NOT EXISTS gatehouse;
  CREATE TABLE IF NOT EXISTS gatehouse.schema_versions (component text PRIMARY KEY, version integer NOT NULL);`;

/** What PostgreSQL says where a schema, a table or a function is not there. */
const ABSENT: ReadonlySet<string> = new Set(['3F000', '42P01', '42883']);

/** Whether the tables are missing: never made, or dropped since. */
export function isAbsence(error: unknown): boolean {
  return ABSENT.has(sqlState(error) ?? '');
}

/** PostgreSQL's code of what went wrong there; undefined for everything else. */
export function sqlState(error: unknown): string | undefined {
  const { errno } = error as { errno?: unknown };
  return typeof errno === 'string' && /^[0-9A-Z]{5}$/.test(errno) ? errno : undefined;
}

/** Makes the component's tables what this program needs. Throws PostgreSQL's error, or one that says that they are of a later release. */
export async function migrate(sql: SQL, { name, migrations }: PostgresComponent): Promise<void> {
  if ((await versionOf(sql, name)) === migrations.length) return;
  await sql.begin(async (transaction) => {
    await transaction.unsafe(`SET LOCAL lock_timeout = '20s'; SELECT pg_advisory_xact_lock(${LOCK})`).simple();
    const schema: { found: boolean }[] = await transaction`SELECT to_regclass('gatehouse.schema_versions') IS NOT NULL AS found`;
    if (schema[0]?.found !== true) await transaction.unsafe(GROUND).simple();
    const rows: { version: number }[] = await transaction`SELECT version FROM gatehouse.schema_versions WHERE component = ${name}`;
    const version = rows[0]?.version ?? 0;
    if (version > migrations.length) throw new Error(`the ${name} are of version ${version}, which a later release of Gatehouse has made`);
    for (const migration of migrations.slice(version)) await transaction.unsafe(migration).simple();
    await transaction`
      INSERT INTO gatehouse.schema_versions VALUES (${name}, ${migrations.length})
      ON CONFLICT (component) DO UPDATE SET version = excluded.version`;
  });
}

async function versionOf(sql: SQL, name: string): Promise<number> {
  try {
    const rows: { version: number }[] = await sql`SELECT version FROM gatehouse.schema_versions WHERE component = ${name}`;
    return rows[0]?.version ?? 0;
  } catch (error) {
    if (isAbsence(error)) return 0;
    throw error;
  }
}
