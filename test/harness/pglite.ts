/* PostgreSQL with pgvector for tests, in this process: PGlite behind a socket. It serves one connection at a time. */
import { PGlite } from '@electric-sql/pglite';
import { vector } from '@electric-sql/pglite-pgvector';
import { PGLiteSocketServer } from '@electric-sql/pglite-socket';
import { freePort } from './free-port.ts';

export interface PgliteServer extends AsyncDisposable {
  readonly url: string;
  readonly database: PGlite;
}

export async function startPglite({ pgvector }: { readonly pgvector: boolean }): Promise<PgliteServer> {
  const database = await PGlite.create(pgvector ? { extensions: { vector } } : {});
  const port = freePort();
  const server = new PGLiteSocketServer({ db: database, port, host: '127.0.0.1', maxConnections: 16 });
  await server.start();
  return {
    url: `postgres://postgres@127.0.0.1:${port}/postgres?sslmode=disable`,
    database,
    async [Symbol.asyncDispose]() {
      await server.stop();
      await database.close();
    },
  };
}
