/* What callers have at vendors, in PostgreSQL. */

import type { PostgresConnection, PostgresTables } from '../postgres/postgres-connection.ts';
import type { PostgresComponent } from '../postgres/postgres-schema.ts';
import { decodeText, encodeText } from '../postgres/postgres-text.ts';
import type { VendorObjectArchive } from './vendor-object-archive.ts';
import type {
  Owner,
  VendorObject,
  VendorObjectKey,
  VendorObjectKind,
  VendorObjectQuery,
  VendorObjectStore,
} from './vendor-object-store.ts';

/** Text is what postgres-text.ts makes of it. */
const VENDOR_OBJECTS: PostgresComponent = {
  name: 'vendor objects',
  migrations: [
    `
    CREATE TABLE gatehouse.vendor_objects (
      provider text COLLATE "C" NOT NULL, id text COLLATE "C" NOT NULL, kind text COLLATE "C" NOT NULL, tenant text COLLATE "C" NOT NULL,
      "user" text COLLATE "C" NOT NULL, created_ms bigint NOT NULL, body text NOT NULL, PRIMARY KEY (id, provider)
    );
    CREATE INDEX vendor_objects_newest ON gatehouse.vendor_objects (tenant, "user", kind, created_ms DESC, id DESC);`,
  ],
};

interface Row {
  readonly provider: string;
  readonly id: string;
  readonly kind: VendorObjectKind;
  readonly tenant: string;
  readonly user: string;
  readonly created_ms: string;
  readonly body: string;
}

/** The connection stays its owner's: closing the store leaves it open. */
export function createPostgresVendorObjectStore(connection: PostgresConnection): VendorObjectStore & { archive(): VendorObjectArchive } {
  return new PostgresVendorObjects(connection.tables(VENDOR_OBJECTS, 'files and batches'));
}

class PostgresVendorObjects implements VendorObjectStore {
  readonly #tables: PostgresTables;

  constructor(tables: PostgresTables) {
    this.#tables = tables;
  }

  async keep(object: VendorObject, { claim }: { readonly claim: boolean }): Promise<boolean> {
    const { provider, id, kind, tenant, user, createdMs, body } = encoded(object);
    const rows = await this.#tables.write(
      (sql) => sql`
        INSERT INTO gatehouse.vendor_objects AS o (provider, id, kind, tenant, "user", created_ms, body)
        VALUES (${provider}, ${id}, ${kind}, ${tenant}, ${user}, ${createdMs}::bigint, ${body})
        ON CONFLICT (id, provider) DO UPDATE SET
          body = CASE WHEN excluded.body = '' AND NOT ${claim}::boolean THEN o.body ELSE excluded.body END,
          created_ms = CASE WHEN ${claim}::boolean THEN excluded.created_ms ELSE o.created_ms END,
          kind = excluded.kind, tenant = excluded.tenant, "user" = excluded."user"
        WHERE ${claim}::boolean OR (o.tenant = excluded.tenant AND o."user" = excluded."user")
        RETURNING 1`,
    );
    return rows.length > 0;
  }

  async find(id: string): Promise<VendorObject[]> {
    const rows = await this.#tables.read<Row>(
      (sql) => sql`SELECT * FROM gatehouse.vendor_objects WHERE id = ${encodeText(id)} ORDER BY provider`,
    );
    return rows.map(objectOf);
  }

  async list({ tenant, user }: Owner, { kind, provider, order, after, limit }: VendorObjectQuery): Promise<VendorObject[]> {
    const of = { tenant: encodeText(tenant), user: encodeText(user), provider: provider === undefined ? null : encodeText(provider) };
    const from = { ms: after?.createdMs ?? null, id: encodeText(after?.id ?? '') };
    const rows = await this.#tables.read<Row>((sql) =>
      order === 'newest'
        ? sql`
          SELECT * FROM gatehouse.vendor_objects
          WHERE tenant = ${of.tenant} AND "user" = ${of.user} AND kind = ${kind} AND (${of.provider}::text IS NULL OR provider = ${of.provider})
          AND (${from.ms}::bigint IS NULL OR (created_ms, id) < (${from.ms}::bigint, ${from.id}))
          ORDER BY created_ms DESC, id DESC LIMIT ${limit}::bigint`
        : sql`
          SELECT * FROM gatehouse.vendor_objects
          WHERE tenant = ${of.tenant} AND "user" = ${of.user} AND kind = ${kind} AND (${of.provider}::text IS NULL OR provider = ${of.provider})
          AND (${from.ms}::bigint IS NULL OR (created_ms, id) > (${from.ms}::bigint, ${from.id}))
          ORDER BY created_ms, id LIMIT ${limit}::bigint`,
    );
    return rows.map(objectOf);
  }

  async count(tenant: string): Promise<number> {
    const [row] = await this.#tables.read<{ count: string }>(
      (sql) => sql`SELECT count(*) AS count FROM gatehouse.vendor_objects WHERE tenant = ${encodeText(tenant)}`,
    );
    return Number(row?.count);
  }

  async delete({ provider, id }: VendorObjectKey): Promise<boolean> {
    const rows = await this.#tables.write(
      (sql) => sql`
        DELETE FROM gatehouse.vendor_objects WHERE id = ${encodeText(id)} AND provider = ${encodeText(provider)} RETURNING 1`,
    );
    return rows.length > 0;
  }

  archive(): VendorObjectArchive {
    return {
      countAll: async () => {
        const [row] = await this.#tables.write<{ count: string }>((sql) => sql`SELECT count(*) AS count FROM gatehouse.vendor_objects`);
        return Number(row?.count);
      },
      page: async (after, limit) => {
        const rows = await this.#tables.write<Row>(
          (sql) => sql`
            SELECT * FROM gatehouse.vendor_objects
            WHERE (id, provider) > (${encodeText(after?.id ?? '')}, ${encodeText(after?.provider ?? '')})
            ORDER BY id, provider LIMIT ${limit}::bigint`,
        );
        return rows.map(objectOf);
      },
      load: (objects) => this.#load(objects.map(encoded)),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  async #load(objects: readonly Encoded[]): Promise<number> {
    const column = (field: keyof Encoded) => objects.map((object) => object[field]);
    const keys = { ids: column('id'), providers: column('provider') };
    await this.#tables.write(
      (sql) => sql`
        INSERT INTO gatehouse.vendor_objects (provider, id, kind, tenant, "user", created_ms, body)
        SELECT * FROM unnest(
          ${sql.array(keys.providers, 'TEXT')}, ${sql.array(keys.ids, 'TEXT')}, ${sql.array(column('kind'), 'TEXT')},
          ${sql.array(column('tenant'), 'TEXT')}, ${sql.array(column('user'), 'TEXT')}, ${sql.array(column('createdMs'), 'BIGINT')},
          ${sql.array(column('body'), 'TEXT')})
        ON CONFLICT DO NOTHING`,
    );
    const [row] = await this.#tables.write<{ count: string }>(
      (sql) => sql`
        SELECT count(*) AS count FROM gatehouse.vendor_objects
        JOIN unnest(${sql.array(keys.ids, 'TEXT')}, ${sql.array(keys.providers, 'TEXT')}) AS given (id, provider) USING (id, provider)`,
    );
    return Number(row?.count);
  }
}

type Encoded = ReturnType<typeof encoded>;

function encoded({ provider, id, kind, owner, createdMs, body }: VendorObject) {
  return {
    provider: encodeText(provider),
    id: encodeText(id),
    kind,
    tenant: encodeText(owner.tenant),
    user: encodeText(owner.user),
    createdMs,
    body: encodeText(body),
  };
}

function objectOf({ provider, id, kind, tenant, user, created_ms, body }: Row): VendorObject {
  return {
    provider: decodeText(provider),
    id: decodeText(id),
    kind,
    owner: { tenant: decodeText(tenant), user: decodeText(user) },
    createdMs: Number(created_ms),
    body: decodeText(body),
  };
}
