/** Writes src/catalog/models.jsonl anew: `npm run catalogue`, after an update of the packages that it is made from. */
import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { snapshotText } from './snapshot-source.ts';

await writeFile(join(dirname(dirname(import.meta.dir)), 'src/catalog/models.jsonl'), await snapshotText());
