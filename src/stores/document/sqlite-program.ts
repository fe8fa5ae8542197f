/* The thread that SQLite runs on: writing ten megabytes takes it a tenth of a second, in which the gateway answers others. */

import { serveSqlite } from '../sqlite-thread.ts';
import { SqliteDocuments } from './sqlite-documents.ts';

declare const self: Parameters<typeof serveSqlite>[0];

serveSqlite(self, (path) => new SqliteDocuments(path));
