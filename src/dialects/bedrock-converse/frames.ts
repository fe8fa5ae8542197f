/* Events of a stream as frames. Source: ConverseStream in the API reference of Bedrock Runtime. */

import { encodeFrame, encodeHeaders } from '../../base/event-frames.ts';
import type { StreamType } from '../dialect.ts';

export const FRAMES: StreamType = {
  media: 'application/vnd.amazon.eventstream',
  header: 'application/vnd.amazon.eventstream',
  matches: /vnd\.amazon\.eventstream/i,
};

/** A picture comes as one event; more than this is no event of a stream. The specification allows 24 MiB. */
export const FRAME_BYTES_MAX = 24 * 1_048_576;

const EVENTS = ['messageStart', 'contentBlockStart', 'contentBlockDelta', 'contentBlockStop', 'messageStop', 'metadata'] as const;
export type EventName = (typeof EVENTS)[number];

const HEADERS = Object.fromEntries(
  EVENTS.map((name) => [name, encodeHeaders({ ':event-type': name, ':content-type': 'application/json', ':message-type': 'event' })]),
) as Readonly<Record<EventName, Uint8Array>>;

/** `payload`: JSON. */
export function eventFrame(name: EventName, payload: string): Uint8Array {
  return encodeFrame(HEADERS[name], encoder.encode(payload));
}

const encoder = new TextEncoder();
