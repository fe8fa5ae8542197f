import { z } from 'zod';
import { bytes } from '../../base/units.ts';

const KIB = 1_024;
const MIB = 1_048_576;

/** Forms with files in them that are handed on to a model: pictures to edit, recordings to write down. */
export const mediaConfig = z.strictObject({
  form_bytes_max: bytes({ min: KIB, max: 16_384 * MIB })
    .default(128 * MIB)
    .describe('Largest form (`/v1/images/edits`, `/v1/audio/transcriptions`, …); over it: 413. 1KiB to 16GiB.'),
  memory_bytes_max: bytes({ min: 0, max: 1_024 * MIB })
    .default(2 * MIB)
    .describe('How much of one form is kept in memory while it is handed on; a larger one is kept in a file. 0 to 1GiB.'),
  stored_bytes_max: bytes({ min: MIB, max: 1_048_576 * MIB })
    .default(4_096 * MIB)
    .describe('Bytes of all forms under way at once, in memory and in files, in one process; over it: 503. 1MiB to 1TiB.'),
  folder: z
    .string()
    .min(1)
    .optional()
    .describe(
      "Where such files are made; they have no name there, and are gone with the request. Default: the system's own folder for temporary files.",
    ),
});
export type MediaConfig = z.output<typeof mediaConfig>;
