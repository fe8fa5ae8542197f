/*
 * The two APIs of Mem0, as far as we ask them: what goes where, and what comes back. Sources: server/main.py of github.com/mem0ai/mem0 (the server that one runs
 * oneself), docs.mem0.ai/api-reference (the platform).
 */

import type { MemoryChange, RememberRequest } from '../memory.ts';
import { expiryText } from '../memory-times.ts';
import type { Mem0Config } from './mem0-config.ts';

export interface Mem0Request {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** Below the address, with its query. */
  readonly path: string;
  readonly body?: unknown;
  /** A model may be asked, or much deleted: it may take long. */
  readonly isSlow?: true;
}

/** Whose memories, as Mem0 has it. */
export interface Mem0Scope {
  readonly user: string;
  readonly agent?: string | undefined;
  readonly run?: string | undefined;
}

export interface Mem0Wire {
  readonly headers: Readonly<Record<string, string>>;
  add(scope: Mem0Scope, request: RememberRequest): Mem0Request;
  search(
    scope: Mem0Scope,
    asked: { readonly query: string; readonly limit: number; readonly expired: boolean; readonly referenceMs?: number | undefined },
  ): Mem0Request;
  /** Page `page`, from 1. A server without pages has one. */
  list(scope: Mem0Scope, asked: { readonly page: number; readonly size: number; readonly expired: boolean }): Mem0Request;
  readonly hasPages: boolean;
  get(id: string): Mem0Request;
  update(id: string, change: MemoryChange): Mem0Request;
  remove(id: string): Mem0Request;
  removeAll(scope: Mem0Scope): Mem0Request;
  history(id: string): Mem0Request;
}

/** Members of metadata that are ours. */
export const SESSION_MEMBER = 'gatehouse_session';
export const SAID_MEMBER = 'gatehouse_said_at';

/** What of a memory stands in the metadata that Mem0 keeps, beside the caller's own. */
export function ownMembers({
  session,
  saidMs,
}: {
  readonly session: string;
  readonly saidMs?: number | undefined;
}): Readonly<Record<string, string>> {
  return { [SESSION_MEMBER]: session, ...(saidMs === undefined ? {} : { [SAID_MEMBER]: new Date(saidMs).toISOString() }) };
}

export function createMem0Wire({ kind, key }: Pick<Mem0Config, 'kind' | 'key'>): Mem0Wire {
  return kind === 'platform' ? platformWire(key) : serverWire(key);
}

function serverWire(key: string | undefined): Mem0Wire {
  const one = (id: string): string => `/memories/${encodeURIComponent(id)}`;
  return {
    headers: key === undefined ? {} : { 'x-api-key': key },
    hasPages: false,
    add: (scope, request) => ({ method: 'POST', path: '/memories', body: { ...bodyOf(scope, request) }, isSlow: true }),
    search: (scope, { query, limit, expired }) => ({
      method: 'POST',
      path: '/search',
      body: { query, filters: ownersOf(scope), top_k: limit, ...(expired ? { show_expired: true } : {}) },
    }),
    list: (scope, { size, expired }) => ({
      method: 'GET',
      path: `/memories?${new URLSearchParams({ ...ownersOf(scope), top_k: String(size), ...(expired ? { show_expired: 'true' } : {}) }).toString()}`,
    }),
    get: (id) => ({ method: 'GET', path: one(id) }),
    update: (id, change) => ({ method: 'PUT', path: one(id), body: changeBody(change), isSlow: true }),
    remove: (id) => ({ method: 'DELETE', path: one(id) }),
    removeAll: (scope) => ({ method: 'DELETE', path: `/memories?${new URLSearchParams(ownersOf(scope)).toString()}`, isSlow: true }),
    history: (id) => ({ method: 'GET', path: `${one(id)}/history` }),
  };
}

/** It refuses owners that do not stand in `filters`. */
function platformWire(key: string | undefined): Mem0Wire {
  const one = (id: string): string => `/v1/memories/${encodeURIComponent(id)}/`;
  const filters = (scope: Mem0Scope): object => ({ AND: Object.entries(ownersOf(scope)).map(([name, value]) => ({ [name]: value })) });
  return {
    headers: key === undefined ? {} : { authorization: `Token ${key}` },
    hasPages: true,
    add: (scope, request) => {
      const [saidMs] = request.turns.flatMap((turn) => turn.saidMs ?? []);
      const timestamp = saidMs === undefined ? {} : { timestamp: Math.floor(saidMs / 1_000) };
      const immutable = request.immutable === true ? { immutable: true } : {};
      return { method: 'POST', path: '/v3/memories/add/', body: { ...bodyOf(scope, request), ...timestamp, ...immutable }, isSlow: true };
    },
    search: (scope, { query, limit, expired, referenceMs }) => ({
      method: 'POST',
      path: '/v3/memories/search/',
      body: {
        query,
        filters: filters(scope),
        top_k: limit,
        ...(expired ? { show_expired: true } : {}),
        ...(referenceMs === undefined ? {} : { reference_date: new Date(referenceMs).toISOString() }),
      },
    }),
    list: (scope, { page, size, expired }) => ({
      method: 'POST',
      path: `/v3/memories/?page=${page}&page_size=${size}`,
      body: { filters: filters(scope), ...(expired ? { show_expired: true } : {}) },
    }),
    get: (id) => ({ method: 'GET', path: one(id) }),
    update: (id, change) => ({ method: 'PUT', path: one(id), body: changeBody(change), isSlow: true }),
    remove: (id) => ({ method: 'DELETE', path: one(id) }),
    removeAll: (scope) => ({ method: 'DELETE', path: `/v1/memories/?${new URLSearchParams(ownersOf(scope)).toString()}`, isSlow: true }),
    history: (id) => ({ method: 'GET', path: `${one(id)}history/` }),
  };
}

function ownersOf({ user, agent, run }: Mem0Scope): Record<string, string> {
  return { user_id: user, ...(agent === undefined ? {} : { agent_id: agent }), ...(run === undefined ? {} : { run_id: run }) };
}

function bodyOf(scope: Mem0Scope, { turns, session, metadata, expiresMs, infer }: RememberRequest): object {
  const [saidMs] = turns.flatMap((turn) => turn.saidMs ?? []);
  return {
    messages: turns.map(({ role, text, speaker }) => ({ role, content: text, ...(speaker === undefined ? {} : { name: speaker }) })),
    ...ownersOf(scope),
    metadata: { ...metadata, ...ownMembers({ session, saidMs }) },
    ...(expiresMs === undefined ? {} : { expiration_date: dayOf(expiresMs) }),
    infer,
  };
}

function changeBody({ text, metadata, expiresMs }: MemoryChange): object {
  return {
    ...(text === undefined ? {} : { text }),
    ...(metadata === undefined ? {} : { metadata }),
    ...(expiresMs === undefined ? {} : { expiration_date: expiresMs === null ? null : dayOf(expiresMs) }),
  };
}

/** It knows days alone. */
function dayOf(expiresMs: number): string {
  return expiryText(expiresMs).slice(0, 10);
}
