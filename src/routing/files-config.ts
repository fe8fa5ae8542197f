import { z } from 'zod';
import { bytes, duration } from '../base/units.ts';

const MIB = 1_048_576;
const MINUTE_MS = 60_000;

/** Files and batches that are kept at a provider. */
export const filesConfig = z.strictObject({
  provider: z
    .string()
    .min(1)
    .optional()
    .describe(
      'Name of the provider where files, uploads and batches are kept, for requests that name none (`x-gatehouse-provider`). Default: the only one that offers it.',
    ),
  keep: z
    .enum(['auto', 'always', 'never'])
    .default('auto')
    .describe(
      'Which files the gateway keeps itself, as documents that vector stores are made of: `auto`, those for `assistants`, and where no provider offers files those for `user_data`, too; `always`, both; `never`, none. A request that names a provider (`x-gatehouse-provider`) is that provider’s; `gatehouse` names the gateway.',
    ),
  body_bytes_max: bytes({ min: MIB, max: 16_384 * MIB })
    .default(512 * MIB)
    .describe('Largest file or part of one, with its form; over it: 413. 1MiB to 16GiB.'),
  transfer_timeout: duration({ min: MINUTE_MS, max: 24 * 60 * MINUTE_MS })
    .default(60 * MINUTE_MS)
    .describe('How long handing on one file may take, up to the answer. 1m to 24h.'),
  objects_max: z
    .int()
    .min(1)
    .max(100_000_000)
    .default(100_000)
    .describe('Files, uploads and batches that one tenant may have; over it none is made any more. 1 to 100,000,000.'),
});
export type FilesConfig = z.output<typeof filesConfig>;
