/* How much may be remembered at once. Whoever calls from outside is told the same, earlier and in their own dialect. */

import { GatewayError } from '../../base/errors.ts';
import type { MemoryChange, RememberRequest } from './memory.ts';

const TURNS_MAX = 1_000;
const NAME_CHARS_MAX = 1_000;
const METADATA_CHARS_MAX = 50_000;
/** 8.64e15 ms are all that a date can tell. */
const TIME_MAX = 8_640_000_000_000_000;

/** Throws `request_invalid`. */
export function checkRequest(request: RememberRequest): void {
  if (request.turns.length > TURNS_MAX) throw new GatewayError('request_invalid', `more than ${TURNS_MAX} turns at once`);
  for (const place of [request.firstTurn, request.counted?.place]) checkPlace(place);
  for (const name of [request.session, request.agent, request.run]) checkName(name);
  for (const { speaker, saidMs } of request.turns) {
    checkName(speaker);
    checkTime(saidMs);
  }
  checkMetadata(request.metadata);
  checkTime(request.expiresMs);
}

/** Throws `request_invalid`. */
export function checkChange(change: MemoryChange): void {
  checkMetadata(change.metadata);
  checkTime(change.expiresMs ?? undefined);
}

function checkPlace(place: number | undefined): void {
  if (place === undefined || (Number.isSafeInteger(place) && place >= 0)) return;
  throw new GatewayError('request_invalid', 'a turn’s place is a whole number from 0 on');
}

function checkName(name: string | undefined): void {
  if ((name?.length ?? 0) > NAME_CHARS_MAX) throw new GatewayError('request_invalid', `a name has more than ${NAME_CHARS_MAX} characters`);
}

function checkMetadata(metadata: Readonly<Record<string, unknown>> | undefined): void {
  if (metadata === undefined || JSON.stringify(metadata).length <= METADATA_CHARS_MAX) return;
  throw new GatewayError('request_invalid', `metadata has more than ${METADATA_CHARS_MAX} characters`);
}

function checkTime(ms: number | undefined): void {
  if (ms === undefined || (Number.isFinite(ms) && Math.abs(ms) <= TIME_MAX)) return;
  throw new GatewayError('request_invalid', 'a time is no date');
}
