/* What is in a SQLite file of the gateway: for manifests, and for those who compare. */

import type { Database } from 'bun:sqlite';

/** What is counted, by the name that people are told. Tables that are not there yet hold nothing. */
const COUNTED: Readonly<Record<string, { readonly table: string; readonly where?: string }>> = {
  partitions: { table: 'record_partitions' },
  records: { table: 'records', where: 'body IS NOT NULL' },
  documents: { table: 'documents' },
  'vendor objects': { table: 'vendor_objects' },
};

export interface SqliteFacts {
  /** Versions of what keeps its tables there. */
  readonly components: Readonly<Record<string, number>>;
  readonly counts: Readonly<Record<string, number>>;
}

export function sqliteFacts(database: Database): SqliteFacts {
  const tables = new Set(
    database
      .query<{ name: string }, []>("SELECT name FROM sqlite_schema WHERE type = 'table'")
      .all()
      .map(({ name }) => name),
  );
  const components = tables.has('schema_versions')
    ? database.query<{ component: string; version: number }, []>('SELECT component, version FROM schema_versions').all()
    : [];
  const counts = Object.entries(COUNTED).map(([what, { table, where = 'true' }]) => {
    if (!tables.has(table)) return [what, 0] as const;
    return [
      what,
      database.query<{ count: number }, []>(`SELECT count(*) AS count FROM ${table} WHERE ${where}`).get()?.count ?? 0,
    ] as const;
  });
  return {
    components: Object.fromEntries(components.map(({ component, version }) => [component, version])),
    counts: Object.fromEntries(counts),
  };
}
