/* What this release keeps in its SQLite file, with the versions of its tables. */

import { SQLITE_DOCUMENTS } from '../document/sqlite-documents.ts';
import { SQLITE_RECORDS } from '../record/sqlite-records.ts';
import { SQLITE_VECTORS } from '../vector/sqlite-vectors.ts';
import { SQLITE_VENDOR_OBJECTS } from '../vendor-object/sqlite-vendor-objects.ts';

export const KNOWN_COMPONENTS: Readonly<Record<string, number>> = Object.fromEntries(
  [SQLITE_RECORDS, SQLITE_DOCUMENTS, SQLITE_VENDOR_OBJECTS, SQLITE_VECTORS].map(({ component, version }) => [component, version]),
);
