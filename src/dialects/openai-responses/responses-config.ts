import { z } from 'zod';
import { bytes, duration } from '../../base/units.ts';

const DAY_MS = 86_400_000;

/** Responses that callers go on from. */
export const responsesConfig = z.strictObject({
  keep_for: duration({ min: 0, max: 30 * DAY_MS })
    .default(DAY_MS)
    .describe(
      'How long it is known, where replies are cached (`state.cache`), which provider has a response, and of those that came from a model of another dialect the conversation itself, so that `previous_response_id` works. 0: not at all. 0 to 30d.',
    ),
  conversation_bytes_max: bytes({ min: 1_024, max: 64 * 1_048_576 })
    .default(8 * 1_048_576)
    .describe(
      'Size of a conversation that is kept, or known to a WebSocket; the caller of a longer one has to send it whole. 1KiB to 64MiB.',
    ),
});

export type ResponsesConfig = z.output<typeof responsesConfig>;
