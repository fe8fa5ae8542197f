/* What a Mem0 tells, as memories. It is another's server: what is not of the shape is passed over, or makes the answer one that cannot be used. */

import { GatewayError } from '../../../base/errors.ts';
import type { Memory, MemoryEvent, RecalledMemory } from '../memory.ts';
import { expiryOf, readTime } from '../memory-times.ts';
import { SAID_MEMBER, SESSION_MEMBER } from './mem0-wire.ts';

type Json = Readonly<Record<string, unknown>>;

export interface ReadMemory {
  readonly user: string | undefined;
  readonly memory: Memory;
}

export function unusable(): GatewayError {
  return new GatewayError('storage_unavailable', 'the memory server answered something that cannot be used');
}

/** `{results: […]}`, or a list alone as older servers tell it; throws `storage_unavailable` for anything else. */
export function resultsOf(answer: unknown): readonly Json[] {
  const results = isJson(answer) ? answer['results'] : answer;
  if (!Array.isArray(results)) throw unusable();
  return results.filter(isJson);
}

/** Undefined for what is no memory. */
export function readMemory(json: unknown): ReadMemory | undefined {
  if (!isJson(json)) return undefined;
  const id = json['id'];
  const text = json['memory'] ?? json['data'] ?? json['text'];
  if (typeof id !== 'string' || id === '' || typeof text !== 'string') return undefined;
  const { [SESSION_MEMBER]: session, [SAID_MEMBER]: saidAt, ...metadata } = isJson(json['metadata']) ? json['metadata'] : {};
  const createdMs = timeOf(json['created_at']) ?? 0;
  const saidMs = timeOf(saidAt) ?? createdMs;
  const run = textOf(json['run_id']);
  const agent = textOf(json['agent_id']);
  const expires = readTime(json['expiration_date']);
  const speaker = textOf(json['actor_id']);
  const memory: Memory = {
    id,
    kind: 'fact',
    text,
    role: json['role'] === 'assistant' ? 'assistant' : 'user',
    ...(speaker === undefined ? {} : { speaker }),
    ...(agent === undefined ? {} : { agent }),
    ...(run === undefined ? {} : { run }),
    session: textOf(session) ?? run ?? '',
    turn: 0,
    createdMs,
    updatedMs: timeOf(json['updated_at']) ?? createdMs,
    eventMs: saidMs,
    validFromMs: saidMs,
    supersedes: [],
    importance: 0.5,
    touchesMs: [],
    hash: textOf(json['hash']) ?? '',
    sources: [],
    ...(expires === undefined ? {} : { expiresMs: expiryOf(expires) }),
    metadata,
    ...(json['immutable'] === true ? { immutable: true } : {}),
  };
  return { user: textOf(json['user_id']), memory };
}

/** With the score that it was found with, 0 to 1. */
export function readFound(json: Json, memory: Memory): RecalledMemory {
  const score = typeof json['score'] === 'number' && Number.isFinite(json['score']) ? Math.min(1, Math.max(0, json['score'])) : 0;
  const details = json['score_details'] ?? json['score_breakdown'];
  const parts = Object.entries(isJson(details) ? details : {}).filter((part): part is [string, number] => typeof part[1] === 'number');
  return { memory, score, parts: Object.fromEntries(parts) };
}

const EVENTS: Readonly<Record<string, MemoryEvent['event']>> = {
  ADD: 'ADD',
  UPDATE: 'UPDATE',
  DELETE: 'DELETE',
  NONE: 'NONE',
  NOOP: 'NONE',
};

/** What became of what was said. Servers that answer before they have done it tell nothing. */
export function readAdded(answer: unknown, nowMs: number): MemoryEvent[] {
  const results = isJson(answer) && answer['results'] === undefined ? [] : resultsOf(answer);
  return results.flatMap((json) => {
    const memory = readMemory(json)?.memory ?? readMemory(isJson(json['data']) ? { ...json['data'], id: json['id'] } : undefined)?.memory;
    const event = EVENTS[textOf(json['event']) ?? 'ADD'];
    if (memory === undefined || event === undefined) return [];
    const previous = textOf(json['previous_memory']);
    return [{ id: memory.id, event, memory: memory.text, ...(previous === undefined ? {} : { previous }), atMs: nowMs }];
  });
}

/** Oldest first, whatever order it is told in. */
export function readHistory(answer: unknown, id: string): MemoryEvent[] {
  const events = resultsOf(answer).flatMap((json): MemoryEvent[] => {
    const event = EVENTS[textOf(json['event']) ?? ''];
    if (event === undefined) return [];
    const previous = textOf(json['old_memory']);
    const told = {
      id,
      event,
      memory: textOf(json['new_memory']) ?? previous ?? '',
      atMs: timeOf(json['updated_at']) ?? timeOf(json['created_at']) ?? 0,
    };
    return [previous === undefined ? told : { ...told, previous }];
  });
  return events.sort((one, other) => one.atMs - other.atMs);
}

export function isJson(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function timeOf(value: unknown): number | undefined {
  // Python writes microseconds and an offset.
  return typeof value === 'string' ? readTime(value)?.fromMs : undefined;
}
