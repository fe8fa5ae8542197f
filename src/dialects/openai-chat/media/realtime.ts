/*
 * The realtime API: events in JSON, one a message. Only the beginnings and ends of answers are read; the pieces between them, which are most of it, are passed
 * over by a look at their type.
 * Source: platform.openai.com/docs/api-reference/realtime-server-events.
 */

import type { GatewayError } from '../../../base/errors.ts';
import type { Usage } from '../../../operations/usage.ts';
import { isRecord } from '../../dialect-errors.ts';
import { errorBody } from '../../dialect-openai-errors.ts';
import type { DialectSockets, SocketMeter } from '../../dialect-socket.ts';
import { addUsage, readMediaUsage } from './usage.ts';

/** The API's own subprotocol, and what of it is in the making. */
const PASSED = /^(?:realtime|openai-beta\.[\w.-]{1,64})$/;
const STARTED = '"response.created"';
const ENDED = '"response.done"';

export const realtimeSockets: DialectSockets = {
  offered: (protocols) => protocols.filter((name) => PASSED.test(name)),
  createMeter: () => new RealtimeMeter(),
  encodeError(error: GatewayError, correlationId: string): string {
    const { message, type, code, param, metadata } = errorBody(error, correlationId);
    return JSON.stringify({
      type: 'error',
      event_id: `event_${correlationId}`,
      error: { message, type, code, param, event_id: null, metadata },
    });
  },
};

class RealtimeMeter implements SocketMeter {
  busy = false;
  usage: Usage | undefined;

  received(message: string | Uint8Array): void {
    const text = typeof message === 'string' ? message : new TextDecoder().decode(message);
    const begins = text.includes(STARTED);
    if (!begins && !text.includes(ENDED)) return;
    const event = parsed(text);
    if (event?.['type'] === 'response.created') this.busy = true;
    if (event?.['type'] !== 'response.done') return;
    this.busy = false;
    const response = event['response'];
    const usage = isRecord(response) ? readMediaUsage(response['usage']) : undefined;
    if (usage !== undefined) this.usage = this.usage === undefined ? usage : addUsage(this.usage, usage);
  }
}

/** What is no JSON is the client's to complain about: it passes. */
function parsed(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
