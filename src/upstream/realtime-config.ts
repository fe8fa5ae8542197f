import { z } from 'zod';
import { bytes } from '../base/units.ts';

const KIB = 1_024;
const MIB = 1_048_576;

/** Talks over WebSocket that are handed on message by message. How many there may be, and how long they may be silent, says `server.websocket`. */
export const realtimeConfig = z.strictObject({
  message_bytes_max: bytes({ min: KIB, max: 64 * MIB })
    .default(16 * MIB)
    .describe('Largest message, in either direction; a larger one ends the talk. 1KiB to 64MiB.'),
  buffered_bytes_max: bytes({ min: 64 * KIB, max: 64 * MIB })
    .default(32 * MIB)
    .describe('What a side that does not take what it is sent may have waiting for it; over it the talk is ended. 64KiB to 64MiB.'),
});
export type RealtimeConfig = z.output<typeof realtimeConfig>;
