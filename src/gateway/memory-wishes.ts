/* What a request comes to: whose memories, which of them, and what is to be remembered. */

import type { z } from 'zod';
import { GatewayError } from '../base/errors.ts';
import {
  MEMORY_KINDS,
  type MemoryFilter,
  type MemoryKind,
  type MemoryPartition,
  type RememberRequest,
  type TurnToRemember,
} from '../context/memory/memory.ts';
import type { MemoryCondition } from '../context/memory/memory-condition.ts';
import { expiryOf, readTime } from '../context/memory/memory-times.ts';
import type { Principal } from '../pipeline/facts.ts';
import { partitionOf } from './memory-access.ts';
import type { addRequest } from './memory-fields.ts';
import { readFilters, withIdsOf } from './memory-filters.ts';

/** `null` is a member that is left out. */
type Text = string | null | undefined;

export interface NamedOwners {
  readonly user_id?: Text;
  readonly agent_id?: Text;
  readonly run_id?: Text;
  readonly filters?: Readonly<Record<string, unknown>> | null | undefined;
}

export interface Wanted {
  readonly partition: MemoryPartition;
  readonly filter: MemoryFilter;
}

/** Whose memories, and which; throws `request_invalid`, or `resource_unknown` for a user whom the caller may not name. */
export function wantedOf(principal: Principal, owners: NamedOwners, more: readonly MemoryCondition[] = []): Wanted {
  const filters = owners.filters ?? undefined;
  const { user: filtered, where } = readFilters(filters);
  const user = owners.user_id ?? undefined;
  if (user !== undefined && filtered !== undefined && user !== filtered)
    throw new GatewayError('request_invalid', "'user_id' and 'filters' name two users", { param: 'filters.user_id' });
  const partition = partitionOf(principal, user ?? filtered);
  const { agent_id: agent, run_id: run } = owners;
  if (partition.name === '' && (agent ?? run ?? where) === undefined) throw nobodyNamed();
  const conditions = [...(where === undefined ? [] : [withIdsOf(partition.name, where)]), ...more];
  return {
    partition,
    filter: {
      ...(typeof agent === 'string' ? { agent } : {}),
      ...(typeof run === 'string' ? { run } : {}),
      ...(conditions.length === 0 ? {} : { where: { type: 'and', conditions } }),
    },
  };
}

export function nobodyNamed(): GatewayError {
  return new GatewayError('request_invalid', 'at least one of user_id, agent_id and run_id is needed', { param: 'user_id' });
}

/** `turn,fact`; throws `request_invalid`. */
export function kindsOf(text: string | undefined): readonly MemoryKind[] | undefined {
  if (text === undefined) return undefined;
  return text.split(',').map((name) => {
    const kind = MEMORY_KINDS.find((candidate) => candidate === name.trim());
    if (kind === undefined) throw new GatewayError('request_invalid', `'kinds' may hold: ${MEMORY_KINDS.join(', ')}`, { param: 'kinds' });
    return kind;
  });
}

export interface Remembering {
  readonly partition: MemoryPartition;
  readonly request: RememberRequest;
  /** Messages that are not remembered, and why. */
  readonly leftOut: readonly { readonly index: number; readonly reason: string }[];
}

export interface RememberingContext {
  readonly principal: Principal;
  /** The header `Idempotency-Key`. */
  readonly idempotencyKey: string | null;
  readonly createId: () => string;
}

/** What is to be remembered. Throws `request_invalid`, or `resource_unknown` for a user whom the caller may not name. */
export function rememberingOf(body: z.output<typeof addRequest>, context: RememberingContext): Remembering {
  const partition = partitionOf(context.principal, body.user_id ?? undefined);
  const agent = body.agent_id ?? undefined;
  const run = body.run_id ?? undefined;
  if (partition.name === '' && (agent ?? run) === undefined) throw nobodyNamed();
  const saidMs = saidAt(body);
  const { turns, leftOut } = turnsOf(body.messages, saidMs);
  const metadata = { ...body.metadata, ...(typeof body.app_id === 'string' ? { app_id: body.app_id } : {}) };
  const expires = readTime(body.expiration_date);
  return {
    partition,
    leftOut,
    request: {
      turns,
      ...sessionOf(body, context),
      ...(agent === undefined ? {} : { agent }),
      ...(run === undefined ? {} : { run }),
      ...(Object.keys(metadata).length === 0 ? {} : { metadata }),
      ...(expires === undefined ? {} : { expiresMs: expiryOf(expires) }),
      infer: body.infer ?? true,
      ...(body.immutable === true ? { immutable: true } : {}),
    },
  };
}

function saidAt(body: z.output<typeof addRequest>): number | undefined {
  const times = [body.timestamp, body.observation_datetime, body.observation_date].flatMap((value) => readTime(value)?.fromMs ?? []);
  if (new Set(times).size > 1)
    throw new GatewayError('request_invalid', "'timestamp' and 'observation_date' tell different times", { param: 'timestamp' });
  return times[0];
}

const ROLES = ['user', 'assistant'] as const;

type Messages = z.output<typeof addRequest>['messages'];

/** Only what people and assistants said is remembered: instructions and what tools told would come back as if it were the user's own. */
function turnsOf(
  messages: Messages,
  saidMs: number | undefined,
): { readonly turns: TurnToRemember[]; readonly leftOut: Remembering['leftOut'] } {
  const said = saidMs === undefined ? {} : { saidMs };
  if (typeof messages === 'string') return { turns: [{ role: 'user', text: messages, ...said }], leftOut: [] };
  const turns: TurnToRemember[] = [];
  const leftOut: { index: number; reason: string }[] = [];
  for (const [index, { role: given, content, name }] of messages.entries()) {
    const role = ROLES.find((candidate) => candidate === given);
    const text =
      typeof content === 'string' ? content : content.flatMap((part) => (part.type === 'text' ? (part.text ?? []) : [])).join('\n');
    if (role === undefined) leftOut.push({ index, reason: `messages of the role '${given}' are not remembered` });
    else if (text.trim() === '') leftOut.push({ index, reason: 'there is no text in it' });
    else turns.push({ role, text, ...(typeof name === 'string' && name !== '' ? { speaker: name } : {}), ...said });
  }
  if (turns.length === 0)
    throw new GatewayError('request_invalid', "'messages' holds nothing that is remembered: texts of the roles user and assistant are", {
      param: 'messages',
    });
  return { turns, leftOut };
}

const IDEMPOTENCY_KEY_CHARS_MAX = 256;

/**
 * The conversation that it belongs to. The same session and first turn are written once, and so the same request with the same `Idempotency-Key` has a
 * session of its own, which follows from both.
 */
function sessionOf(
  body: z.output<typeof addRequest>,
  { idempotencyKey, createId }: RememberingContext,
): Pick<RememberRequest, 'session' | 'firstTurn'> {
  const named = body.session_id ?? body.run_id ?? undefined;
  const first = body.first_turn ?? undefined;
  if (first !== undefined) {
    if (named === undefined)
      throw new GatewayError('request_invalid', "'first_turn' needs 'session_id' or 'run_id'", { param: 'first_turn' });
    return { session: named, firstTurn: first };
  }
  if (idempotencyKey !== null && idempotencyKey !== '') {
    if (idempotencyKey.length > IDEMPOTENCY_KEY_CHARS_MAX)
      throw new GatewayError('request_invalid', `Idempotency-Key has ${IDEMPOTENCY_KEY_CHARS_MAX} characters at most`, {
        param: 'Idempotency-Key',
      });
    const digest = new Bun.CryptoHasher('sha256').update(`${idempotencyKey}\0${JSON.stringify(body)}`).digest('base64url');
    return { session: `${named ?? 'once'}#${digest.slice(0, 32)}`, firstTurn: 0 };
  }
  return { session: named ?? `add_${createId()}` };
}
