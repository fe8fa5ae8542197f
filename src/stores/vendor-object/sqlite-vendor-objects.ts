/* What callers have at vendors, in a SQLite file: the statements, which run at once and on whatever thread they are called. Used by sqlite-program.ts. */

import type { Database } from 'bun:sqlite';
import { openSqlite } from '../sqlite-file.ts';
import type { VendorObjectArchive } from './vendor-object-archive.ts';
import type { Owner, VendorObject, VendorObjectKey, VendorObjectQuery } from './vendor-object-store.ts';

const SCHEMA = `
  CREATE TABLE vendor_objects (
    provider TEXT NOT NULL,
    id TEXT NOT NULL,
    kind TEXT NOT NULL,
    tenant TEXT NOT NULL,
    user TEXT NOT NULL,
    created_ms INTEGER NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (id, provider)
  ) STRICT;
  CREATE INDEX vendor_objects_newest ON vendor_objects (tenant, user, kind, created_ms DESC, id DESC);
`;

export const SQLITE_VENDOR_OBJECTS = { component: 'vendor objects', version: 1, schema: SCHEMA };

const FIELDS = 'provider, id, kind, tenant, user, created_ms AS createdMs, body';

interface Row extends Omit<VendorObject, 'owner'>, Owner {}
type Bindings = Record<string, string | number>;

export class SqliteVendorObjects {
  readonly #database: Database;

  /** Throws the system's or SQLite's error when the file cannot be opened, or is of a later version than this program. */
  constructor(path: string) {
    this.#database = openSqlite(path, SQLITE_VENDOR_OBJECTS);
  }

  keep({ owner, ...object }: VendorObject, { claim }: { readonly claim: boolean }): boolean {
    const { changes } = this.#database
      .query<unknown, Bindings>(
        `INSERT INTO vendor_objects (provider, id, kind, tenant, user, created_ms, body)
         VALUES ($provider, $id, $kind, $tenant, $user, $createdMs, $body)
         ON CONFLICT (id, provider) DO UPDATE SET
           body = CASE WHEN excluded.body = '' AND NOT $claim THEN body ELSE excluded.body END,
           created_ms = CASE WHEN $claim THEN excluded.created_ms ELSE created_ms END,
           kind = excluded.kind, tenant = excluded.tenant, user = excluded.user
         WHERE $claim OR (tenant = excluded.tenant AND user = excluded.user)`,
      )
      .run({ ...object, ...owner, claim: claim ? 1 : 0 });
    return changes > 0;
  }

  find(id: string): VendorObject[] {
    return this.#database
      .query<Row, Bindings>(`SELECT ${FIELDS} FROM vendor_objects WHERE id = $id ORDER BY provider`)
      .all({ id })
      .map(objectOf);
  }

  list({ tenant, user }: Owner, { kind, provider, order, after, limit }: VendorObjectQuery): VendorObject[] {
    const conditions = ['tenant = $tenant', 'user = $user', 'kind = $kind'];
    const [compare, direction] = order === 'newest' ? ['<', 'DESC'] : ['>', 'ASC'];
    if (provider !== undefined) conditions.push('provider = $provider');
    if (after !== undefined) conditions.push(`(created_ms, id) ${compare} ($createdMs, $id)`);
    return this.#database
      .query<Row, Bindings>(
        `SELECT ${FIELDS} FROM vendor_objects WHERE ${conditions.join(' AND ')} ORDER BY created_ms ${direction}, id ${direction} LIMIT $limit`,
      )
      .all({
        tenant,
        user,
        kind,
        limit,
        ...(provider === undefined ? {} : { provider }),
        ...(after === undefined ? {} : { createdMs: after.createdMs, id: after.id }),
      })
      .map(objectOf);
  }

  count(tenant: string): number {
    const found = this.#database
      .query<{ count: number }, Bindings>('SELECT count(*) AS count FROM vendor_objects WHERE tenant = $tenant')
      .get({ tenant });
    return found?.count ?? 0;
  }

  delete({ provider, id }: VendorObjectKey): boolean {
    return (
      this.#database.query<unknown, Bindings>('DELETE FROM vendor_objects WHERE id = $id AND provider = $provider').run({ id, provider })
        .changes > 0
    );
  }

  archive(): VendorObjectArchive {
    const all = <Found>(sql: string, bindings: Bindings) => this.#database.query<Found, Bindings>(sql).all(bindings);
    const insert = `
      INSERT INTO vendor_objects (provider, id, kind, tenant, user, created_ms, body)
      VALUES ($provider, $id, $kind, $tenant, $user, $createdMs, $body) ON CONFLICT DO NOTHING`;
    return {
      countAll: async () => all<{ count: number }>('SELECT count(*) AS count FROM vendor_objects', {})[0]?.count ?? 0,
      page: async (after, limit) =>
        all<Row>(
          `SELECT ${FIELDS} FROM vendor_objects ${after === undefined ? '' : 'WHERE (id, provider) > ($id, $provider)'}
           ORDER BY id, provider LIMIT $limit`,
          after === undefined ? { limit } : { id: after.id, provider: after.provider, limit },
        ).map(objectOf),
      load: async (objects) => {
        let present = 0;
        this.#database.transaction(() => {
          for (const { owner, ...object } of objects) {
            this.#database.query<unknown, Bindings>(insert).run({ ...object, ...owner });
            present += this.find(object.id).some(({ provider }) => provider === object.provider) ? 1 : 0;
          }
        })();
        return present;
      },
    };
  }

  close(): void {
    this.#database.close();
  }
}

function objectOf({ tenant, user, ...object }: Row): VendorObject {
  return { ...object, owner: { tenant, user } };
}
