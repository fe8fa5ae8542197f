import { join } from 'node:path';
import type { Recording } from './provider-row.ts';
import { SERVER_ROWS } from './server-rows.ts';
import { VENDOR_ROWS } from './vendor-rows.ts';

/** By the name of the kind. A kind without a row fails the tests: to add one, see docs/guides/add-a-provider.md. */
export const ROWS = { ...VENDOR_ROWS, ...SERVER_ROWS };

export const FOLDER = import.meta.dir;

export function streamOf({ file }: Recording): Promise<Uint8Array> {
  return Bun.file(join(FOLDER, 'streams', file)).bytes();
}

/** What a target of that dialect may answer where its own kind has no recording. */
export function anyRecording(dialect: string): Recording {
  const found = Object.values(ROWS)
    .flatMap(({ recordings }) => recordings)
    .find((recording) => recording.dialect === dialect);
  if (found === undefined) throw new Error(`no provider has a recording of '${dialect}': see test/providers/provider-row.ts`);
  return found;
}
