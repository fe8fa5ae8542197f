/*
 * Memory and documents around a chat:
 *
 *   wish ─▶ look up (profile, memories, documents: at once, under one deadline) ─▶ put beside the caller's words ─▶ cache, model
 *        ◀─ remember the user's turn and the answer, once it is over ◀─ read the answer as it passes ◀─
 *
 * It lies around the cache, so that an answer is found again only for the same context. Who asks for nothing gets nothing, and costs a look at the request.
 * Nothing in here fails a chat, but a wish that makes no sense, or that the caller's key does not allow.
 */

import type { Clock } from '../../base/clock.ts';
import { GatewayError } from '../../base/errors.ts';
import type { ContextConfig } from '../../context/context-config.ts';
import type { ContextEngine } from '../../context/context-engine.ts';
import type { Dialect } from '../../dialects/dialect.ts';
import { decodeHints } from '../../pipeline/decode-hints.ts';
import type { Exchange } from '../../pipeline/exchange.ts';
import { contextFact, principalFact } from '../../pipeline/facts.ts';
import type { Handler, Policy } from '../../pipeline/policy.ts';
import type { Reply } from '../../pipeline/reply.ts';
import type { GatewayRequest } from '../../pipeline/request.ts';
import type { Logger } from '../../telemetry/logger.ts';
import { type Asked, askedOf } from './asked.ts';
import type { ContextEvents } from './context-events.ts';
import { noteHeaders } from './context-headers.ts';
import { listen } from './listen.ts';
import { Remembering } from './remembering.ts';
import { retrieve } from './retrieve.ts';
import { tell } from './tell.ts';
import { createTouched, type Touched } from './touched.ts';
import { wishOf } from './wish.ts';

/** A reply waits for its turn to be stored as long as so many lookups may take: a crash must not make it untrue. */
const SAVING_DEADLINES = 2;

export interface ContextDeps {
  /** Undefined: this gateway keeps neither memories nor documents. */
  readonly engine: ContextEngine | undefined;
  readonly dialects: ReadonlyMap<string, Dialect>;
  /** Names of the configured models. */
  readonly models: ReadonlySet<string>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly events: ContextEvents;
}

/** Gives chats what is known of their user and of their subject, and remembers them, where that is asked for. */
export function createContext(config: ContextConfig, deps: ContextDeps): Policy {
  const { engine, clock, logger } = deps;
  const { memory: byDefault, knowledge } = config.default;
  const usual = byDefault.read === true || byDefault.write === true || knowledge.on === true ? config.default : undefined;
  const shared: Shared = {
    config,
    deps,
    touched: createTouched(),
    remembering:
      engine === undefined
        ? undefined
        : new Remembering({ memory: engine.memory, clock, logger, deadlineMs: config.deadline * SAVING_DEADLINES }),
  };
  return {
    name: 'context',
    stage: 'enrich',
    reads: [principalFact],
    writes: [contextFact],
    layer: (route) => {
      if (route.operation !== 'chat') return undefined;
      return (next) => (request, exchange) => {
        const { operation } = request;
        const dialect = operation === undefined ? undefined : deps.dialects.get(operation.dialect);
        if (operation?.kind !== 'chat' || dialect?.conversation === undefined) return next(request, exchange);
        const sources = { operation, headers: request.headers, principal: exchange.get(principalFact), usual };
        const wished = wishOf(sources);
        if (wished === undefined) return next(request, exchange);
        const hints = decodeHints(request, route, (name) => deps.models.has(name));
        const decode: Redecode = (bytes, from) => {
          const decoded = dialect.decode(operation.kind, bytes, hints);
          return { ...from, bytes: decoded.bytes, encode: (model, target) => decoded.encode(model, target) };
        };
        const own = wished.bytes === undefined ? operation : decode(wished.bytes, operation);
        const asked = askedOf({ ...sources, operation: own, wished, dialect, config, hasEngine: engine !== undefined });
        const chat: GatewayRequest = { ...request, operation: own };
        if (!asked.isOn || engine === undefined || shared.remembering === undefined)
          return passOn({ asked, request: chat, exchange, next });
        return answer({ asked, request: chat, exchange, next, decode }, { ...shared, engine, remembering: shared.remembering });
      };
    },
  };
}

type Redecode = (bytes: Uint8Array, from: NonNullable<GatewayRequest['operation']>) => NonNullable<GatewayRequest['operation']>;

interface Shared {
  readonly config: ContextConfig;
  readonly deps: ContextDeps;
  readonly touched: Touched;
  readonly remembering: Remembering | undefined;
}

interface Working extends Shared {
  readonly engine: ContextEngine;
  readonly remembering: Remembering;
}

interface Chat {
  readonly asked: Asked;
  readonly request: GatewayRequest;
  readonly exchange: Exchange;
  readonly next: Handler;
  readonly decode: Redecode;
}

/** Nothing of what was asked for can be done, or nothing was: all that is left is to say so. */
function passOn({ asked, request, exchange, next }: Omit<Chat, 'decode'>): Promise<Reply> {
  if (asked.isAny) {
    exchange.set(contextFact, asked.state);
    noteHeaders(exchange, asked, 'off');
  }
  return next(request, exchange);
}

async function answer(chat: Chat, working: Working): Promise<Reply> {
  const { asked, exchange, next } = chat;
  const { events, clock } = working.deps;
  const { state } = asked;
  exchange.set(contextFact, state);
  const startMs = clock.monotonic();
  const request = await enriched(chat, working);
  state.waitedMs = clock.monotonic() - startMs;
  exchange.onEnd(() => {
    for (const { part, reason } of state.leftOut) events.leftOut(part, reason);
    if (asked.write !== undefined) events.saved(state.saved);
  });
  const reply = await next(request, exchange);
  return listen(reply, { asked, exchange, operation: request.operation, ...working.deps, remembering: working.remembering });
}

/** The request with what was found in it. Rejects with what is the caller's own fault alone. */
async function enriched({ asked, request, decode }: Chat, working: Working): Promise<GatewayRequest> {
  const { deps, config, engine, touched } = working;
  const { operation } = request;
  const { state, read, knowledge, principal, user } = asked;
  if (operation === undefined || (read === undefined && !knowledge)) return request;
  const found = await retrieve(
    { ...asked, partition: read, sayings: asked.conversation?.sayings.length ?? 0 },
    { engine, config, clock: deps.clock, logger: deps.logger },
  );
  state.memoryMs = found.memoryMs;
  state.knowledgeMs = found.knowledgeMs;
  for (const leftOut of found.leftOut) state.leave(leftOut);
  for (const part of found.failed) state.skip(part);
  if (read !== undefined) deps.events.retrieved('memory', found.memoryMs);
  if (knowledge) deps.events.retrieved('knowledge', found.knowledgeMs);
  const told = tell(found, { asked, config });
  if (told === undefined) return request;
  const bytes = asked.conversation?.place(told.block.text);
  const placed = bytes === undefined ? undefined : withinLimits(() => decode(bytes, operation));
  if (placed === undefined) {
    if (read !== undefined) state.skip('memory', 'no_place');
    if (knowledge) state.skip('knowledge', 'no_place');
    return request;
  }
  told.note(state);
  const ids = [...told.block.profile, ...told.block.memories];
  deps.events.told({ profile: told.block.profile.length, memory: told.block.memories.length, document: told.block.documents.length });
  if (read !== undefined && ids.length > 0) {
    const fresh = touched.fresh(`${principal.tenant}\0${user ?? ''}\0${asked.session}`, ids);
    // Nobody waits for it, and one that is lost matters to nobody.
    if (fresh.length > 0) engine.memory.touch(read, fresh).catch(() => undefined);
  }
  return { ...request, operation: { ...placed, told: { user, isPersonal: ids.length > 0, text: told.block.text } } };
}

/** A body may have as many values as is allowed, and then there is no room for one more. */
function withinLimits<T>(decode: () => T): T | undefined {
  try {
    return decode();
  } catch (cause) {
    if (cause instanceof GatewayError) return undefined;
    throw cause;
  }
}
