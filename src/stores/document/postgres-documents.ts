/* Documents in PostgreSQL. What an owner may not see is in no statement: tenant and user are part of each. */

import type { PostgresConnection, PostgresTables } from '../postgres/postgres-connection.ts';
import type { PostgresComponent } from '../postgres/postgres-schema.ts';
import { decodeText, encodeText } from '../postgres/postgres-text.ts';
import { storageFault } from '../storage-fault.ts';
import type { DocumentArchive } from './document-archive.ts';
import type { AddResult, DocumentLimits, DocumentQuery, DocumentRecord, DocumentStore, NewDocument, Owner } from './document-store.ts';

const WHAT = 'documents';

/**
 * A tenant's additions come one after the other, so that its limits hold exactly. `in_documents_max` and `in_bytes_max` may be null: no limits.
 * Text is what postgres-text.ts makes of it.
 */
const DOCUMENTS: PostgresComponent = {
  name: WHAT,
  migrations: [
    `
    CREATE TABLE gatehouse.documents (
      id text COLLATE "C" PRIMARY KEY, tenant text COLLATE "C" NOT NULL, "user" text COLLATE "C" NOT NULL, collection text COLLATE "C" NOT NULL,
      sha256 text COLLATE "C" NOT NULL, created_ms bigint NOT NULL, filename text NOT NULL, media_type text NOT NULL, bytes bigint NOT NULL,
      characters bigint NOT NULL, metadata text NOT NULL, facts text NOT NULL, text_bytes bigint NOT NULL, content bytea NOT NULL
    );
    CREATE UNIQUE INDEX documents_content ON gatehouse.documents (tenant, "user", collection, sha256);
    CREATE INDEX documents_newest ON gatehouse.documents (tenant, "user", created_ms DESC, id DESC);
    CREATE INDEX documents_used ON gatehouse.documents (tenant, text_bytes);
    CREATE FUNCTION gatehouse.documents_add(given gatehouse.documents, in_documents_max bigint, in_bytes_max bigint)
    RETURNS TABLE (out_kind text, out_id text)
    LANGUAGE plpgsql SET lock_timeout = '10s' AS $$
    DECLARE
      known text;
      used_documents bigint;
      used_bytes bigint;
    BEGIN
      PERFORM pg_advisory_xact_lock(hashtextextended('gatehouse.documents ' || given.tenant, 0));
      SELECT d.id INTO known FROM gatehouse.documents d
      WHERE d.tenant = given.tenant AND d."user" = given."user" AND d.collection = given.collection AND d.sha256 = given.sha256;
      IF FOUND THEN RETURN QUERY SELECT 'duplicate', known; RETURN; END IF;
      SELECT count(*), coalesce(sum(d.text_bytes), 0) INTO used_documents, used_bytes FROM gatehouse.documents d WHERE d.tenant = given.tenant;
      IF used_documents >= in_documents_max THEN RETURN QUERY SELECT 'full', 'documents'; RETURN; END IF;
      IF used_bytes + given.text_bytes > in_bytes_max THEN RETURN QUERY SELECT 'full', 'bytes'; RETURN; END IF;
      INSERT INTO gatehouse.documents SELECT given.*;
      RETURN QUERY SELECT 'added', given.id;
    END $$;`,
  ],
};

/** Two who add and delete the same content at once may cross this often. */
const CROSSINGS_MAX = 5;

interface Row {
  readonly id: string;
  readonly filename: string;
  readonly media_type: string;
  readonly bytes: string;
  readonly sha256: string;
  readonly characters: string;
  readonly created_ms: string;
  readonly collection: string;
  readonly metadata: string;
  readonly facts: string;
}

interface FullRow extends Row {
  readonly tenant: string;
  readonly user: string;
  readonly content: Uint8Array;
}

/** The connection stays its owner's: closing the store leaves it open. */
export function createPostgresDocumentStore(connection: PostgresConnection): DocumentStore & { archive(): DocumentArchive } {
  return new PostgresDocuments(connection.tables(DOCUMENTS, WHAT));
}

class PostgresDocuments implements DocumentStore {
  readonly #tables: PostgresTables;

  constructor(tables: PostgresTables) {
    this.#tables = tables;
  }

  async add(document: NewDocument, limits: DocumentLimits): Promise<AddResult> {
    for (let crossing = 0; crossing < CROSSINGS_MAX; crossing += 1) {
      const [row] = await this.#add(document, limits);
      if (row?.out_kind === 'added') return { kind: 'added' };
      if (row?.out_kind === 'full') return { kind: 'full', of: row.out_id === 'documents' ? 'documents' : 'bytes' };
      const record = await this.findContent(document.owner, document.record);
      if (record !== undefined) return { kind: 'duplicate', record };
      // It was deleted in between.
    }
    throw storageFault(WHAT);
  }

  async find({ tenant, user }: Owner, id: string): Promise<DocumentRecord | undefined> {
    const rows = await this.#tables.read<Row>(
      (sql) => sql`
        SELECT id, filename, media_type, bytes, sha256, characters, created_ms, collection, metadata, facts FROM gatehouse.documents
        WHERE id = ${encodeText(id)} AND tenant = ${encodeText(tenant)} AND "user" = ${encodeText(user)}`,
    );
    return rows.map(recordOf)[0];
  }

  async findContent(
    { tenant, user }: Owner,
    { collection, sha256 }: Pick<DocumentRecord, 'collection' | 'sha256'>,
  ): Promise<DocumentRecord | undefined> {
    const rows = await this.#tables.read<Row>(
      (sql) => sql`
        SELECT id, filename, media_type, bytes, sha256, characters, created_ms, collection, metadata, facts FROM gatehouse.documents
        WHERE tenant = ${encodeText(tenant)} AND "user" = ${encodeText(user)}
        AND collection = ${encodeText(collection)} AND sha256 = ${sha256}`,
    );
    return rows.map(recordOf)[0];
  }

  async text({ tenant, user }: Owner, id: string): Promise<Uint8Array | undefined> {
    // Megabytes may take their time.
    const rows = await this.#tables.write<{ content: Uint8Array }>(
      (sql) => sql`
        SELECT content FROM gatehouse.documents
        WHERE id = ${encodeText(id)} AND tenant = ${encodeText(tenant)} AND "user" = ${encodeText(user)}`,
    );
    return rows[0]?.content;
  }

  async list({ tenant, user }: Owner, { collection, after, limit }: DocumentQuery): Promise<DocumentRecord[]> {
    const within = collection === undefined ? null : encodeText(collection);
    const rows = await this.#tables.read<Row>(
      (sql) => sql`
        SELECT id, filename, media_type, bytes, sha256, characters, created_ms, collection, metadata, facts FROM gatehouse.documents
        WHERE tenant = ${encodeText(tenant)} AND "user" = ${encodeText(user)} AND (${within}::text IS NULL OR collection = ${within})
        AND (${after?.createdMs ?? null}::bigint IS NULL OR (created_ms, id) < (${after?.createdMs ?? null}::bigint, ${encodeText(after?.id ?? '')}))
        ORDER BY created_ms DESC, id DESC LIMIT ${limit}::bigint`,
    );
    return rows.map(recordOf);
  }

  async delete({ tenant, user }: Owner, id: string): Promise<boolean> {
    const rows = await this.#tables.write(
      (sql) => sql`
        DELETE FROM gatehouse.documents WHERE id = ${encodeText(id)} AND tenant = ${encodeText(tenant)} AND "user" = ${encodeText(user)}
        RETURNING 1`,
    );
    return rows.length > 0;
  }

  archive(): DocumentArchive {
    return {
      count: async () => {
        const [row] = await this.#tables.write<{ count: string }>((sql) => sql`SELECT count(*) AS count FROM gatehouse.documents`);
        return Number(row?.count);
      },
      ids: async (after, limit) => {
        const rows = await this.#tables.write<Pick<Row, 'id'>>(
          (sql) => sql`SELECT id FROM gatehouse.documents WHERE id > ${encodeText(after)} ORDER BY id LIMIT ${limit}::bigint`,
        );
        return rows.map(({ id }) => decodeText(id));
      },
      present: async (ids) => {
        const rows = await this.#tables.write<Pick<Row, 'id'>>(
          (sql) => sql`SELECT id FROM gatehouse.documents WHERE id = ANY(${sql.array(ids.map(encodeText), 'TEXT')})`,
        );
        return rows.map(({ id }) => decodeText(id));
      },
      read: async (id) => {
        const [row] = await this.#tables.write<FullRow>((sql) => sql`SELECT * FROM gatehouse.documents WHERE id = ${encodeText(id)}`);
        if (row === undefined) return undefined;
        return { owner: { tenant: decodeText(row.tenant), user: decodeText(row.user) }, record: recordOf(row), text: row.content };
      },
      load: async (document) => {
        if ((await this.find(document.owner, document.record.id)) === undefined) await this.#add(document, undefined);
      },
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  #add({ owner, record, text }: NewDocument, limits: DocumentLimits | undefined): Promise<{ out_kind: string; out_id: string }[]> {
    const { documentsMax = null, bytesMax = null } = limits ?? {};
    return this.#tables.write(
      (sql) => sql`
        SELECT * FROM gatehouse.documents_add(
          ROW(
            ${encodeText(record.id)}::text, ${encodeText(owner.tenant)}::text, ${encodeText(owner.user)}::text,
            ${encodeText(record.collection)}::text, ${record.sha256}::text, ${record.createdMs}::bigint, ${encodeText(record.filename)}::text,
            ${encodeText(record.mediaType)}::text, ${record.bytes}::bigint, ${record.characters}::bigint, ${encodeText(record.metadata)}::text,
            ${encodeText(record.facts)}::text, ${text.length}::bigint, ${text}::bytea
          )::gatehouse.documents,
          ${documentsMax}::bigint, ${bytesMax}::bigint)`,
    );
  }
}

function recordOf(row: Row): DocumentRecord {
  return {
    id: decodeText(row.id),
    filename: decodeText(row.filename),
    mediaType: decodeText(row.media_type),
    bytes: Number(row.bytes),
    sha256: row.sha256,
    characters: Number(row.characters),
    createdMs: Number(row.created_ms),
    collection: decodeText(row.collection),
    metadata: decodeText(row.metadata),
    facts: decodeText(row.facts),
  };
}
