/*
 * Documents in a SQLite file: the statements, which run at once and on whatever thread they are called. Used by sqlite-program.ts.
 *
 * Write-ahead logging, synchronous FULL: what was committed is on the disk. `secure_delete` overwrites what is deleted, and the log is
 * emptied after it, so that a deleted text is in no file any more.
 */

import type { Database } from 'bun:sqlite';
import { openSqlite } from '../sqlite-file.ts';
import type { DocumentArchive } from './document-archive.ts';
import type { AddResult, DocumentLimits, DocumentQuery, DocumentRecord, NewDocument, Owner } from './document-store.ts';

const SCHEMA = `
  CREATE TABLE documents (
    id TEXT PRIMARY KEY,
    tenant TEXT NOT NULL,
    user TEXT NOT NULL,
    collection TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    created_ms INTEGER NOT NULL,
    filename TEXT NOT NULL,
    media_type TEXT NOT NULL,
    bytes INTEGER NOT NULL,
    characters INTEGER NOT NULL,
    metadata TEXT NOT NULL,
    facts TEXT NOT NULL,
    text_bytes INTEGER NOT NULL,
    -- Last, so that what is before it is read without it.
    text BLOB NOT NULL
  ) STRICT;
  CREATE UNIQUE INDEX documents_content ON documents (tenant, user, collection, sha256);
  CREATE INDEX documents_newest ON documents (tenant, user, created_ms DESC, id DESC);
  CREATE INDEX documents_used ON documents (tenant, text_bytes);
`;

export const SQLITE_DOCUMENTS = { component: 'documents', version: 1, schema: SCHEMA };

const INSERT = `
  INSERT INTO documents VALUES ($id, $tenant, $user, $collection, $sha256, $createdMs, $filename, $mediaType, $bytes, $characters,
  $metadata, $facts, $textBytes, $text)`;

const FIELDS = `id, filename, media_type AS mediaType, bytes, sha256, characters, created_ms AS createdMs, collection, metadata, facts`;

export class SqliteDocuments {
  readonly #database: Database;

  /** Throws the system's or SQLite's error when the file cannot be opened, or is of a later version than this program. */
  constructor(path: string) {
    this.#database = openSqlite(path, SQLITE_DOCUMENTS);
  }

  add({ owner, record, text }: NewDocument, limits: DocumentLimits): AddResult {
    return this.#writing((): AddResult => {
      const known = this.findContent(owner, record);
      if (known !== undefined) return { kind: 'duplicate', record: known };
      const used = this.#one('SELECT count(*) AS documents, coalesce(sum(text_bytes), 0) AS bytes FROM documents WHERE tenant = $tenant', {
        tenant: owner.tenant,
      }) as { documents: number; bytes: number };
      if (used.documents >= limits.documentsMax) return { kind: 'full', of: 'documents' };
      if (used.bytes + text.length > limits.bytesMax) return { kind: 'full', of: 'bytes' };
      this.#database.query(INSERT).run({ ...record, ...owner, textBytes: text.length, text });
      return { kind: 'added' };
    });
  }

  find(owner: Owner, id: string): DocumentRecord | undefined {
    return this.#one(`SELECT ${FIELDS} FROM documents WHERE id = $id AND tenant = $tenant AND user = $user`, { ...owner, id }) as Found;
  }

  findContent(owner: Owner, { collection, sha256 }: Pick<DocumentRecord, 'collection' | 'sha256'>): DocumentRecord | undefined {
    return this.#one(
      `SELECT ${FIELDS} FROM documents WHERE tenant = $tenant AND user = $user AND collection = $collection AND sha256 = $sha256`,
      { ...owner, collection, sha256 },
    ) as Found;
  }

  text(owner: Owner, id: string): Uint8Array | undefined {
    const found = this.#one('SELECT text FROM documents WHERE id = $id AND tenant = $tenant AND user = $user', { ...owner, id });
    return (found as { text: Uint8Array } | undefined)?.text;
  }

  list(owner: Owner, { collection, after, limit }: DocumentQuery): DocumentRecord[] {
    const conditions = ['tenant = $tenant', 'user = $user'];
    if (collection !== undefined) conditions.push('collection = $collection');
    if (after !== undefined) conditions.push('(created_ms, id) < ($createdMs, $id)');
    return this.#database
      .query<DocumentRecord, Bindings>(
        `SELECT ${FIELDS} FROM documents WHERE ${conditions.join(' AND ')} ORDER BY created_ms DESC, id DESC LIMIT $limit`,
      )
      .all({
        ...owner,
        limit,
        ...(collection === undefined ? {} : { collection }),
        ...(after === undefined ? {} : { createdMs: after.createdMs, id: after.id }),
      });
  }

  delete(owner: Owner, id: string): boolean {
    const { changes } = this.#database
      .query<unknown, Bindings>('DELETE FROM documents WHERE id = $id AND tenant = $tenant AND user = $user')
      .run({ ...owner, id });
    // Somebody who reads holds this up; then the next deletion, or the last one to close the file, does it.
    if (changes > 0) this.#database.run('PRAGMA wal_checkpoint(TRUNCATE)');
    return changes > 0;
  }

  archive(): DocumentArchive {
    const ids = (sql: string, bindings: Bindings) =>
      this.#database
        .query<{ id: string }, Bindings>(sql)
        .all(bindings)
        .map(({ id }) => id);
    return {
      count: async () => (this.#one('SELECT count(*) AS count FROM documents', {}) as { count: number }).count,
      ids: async (after, limit) => ids('SELECT id FROM documents WHERE id > $after ORDER BY id LIMIT $limit', { after, limit }),
      present: async (given) =>
        ids('SELECT id FROM documents WHERE id IN (SELECT value FROM json_each($given))', { given: JSON.stringify(given) }),
      read: async (id) => {
        const found = this.#one(`SELECT ${FIELDS}, tenant, user, text FROM documents WHERE id = $id`, { id });
        if (found === undefined) return undefined;
        const { tenant, user, text, ...record } = found as DocumentRecord & Owner & { text: Uint8Array };
        return { owner: { tenant, user }, record, text };
      },
      load: async ({ owner, record, text }) => {
        this.#database.query(`${INSERT} ON CONFLICT DO NOTHING`).run({ ...record, ...owner, textBytes: text.length, text });
      },
    };
  }

  close(): void {
    this.#database.close();
  }

  #one(sql: string, bindings: Bindings): unknown {
    return this.#database.query<unknown, Bindings>(sql).get(bindings) ?? undefined;
  }

  /** Takes the place of the one writer at once: to read first and then find another one there would fail. */
  #writing<T>(run: () => T): T {
    return this.#database.transaction(run).immediate();
  }
}

type Found = DocumentRecord | undefined;
type Bindings = Record<string, string | number | Uint8Array>;
