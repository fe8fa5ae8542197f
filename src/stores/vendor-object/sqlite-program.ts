/* The thread that SQLite runs on, for what callers have at vendors. */

import { serveSqlite } from '../sqlite-thread.ts';
import { SqliteVendorObjects } from './sqlite-vendor-objects.ts';

declare const self: Parameters<typeof serveSqlite>[0];

serveSqlite(self, (path) => new SqliteVendorObjects(path));
