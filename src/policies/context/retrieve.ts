/*
 * Looking up what a chat is told: the user's profile, memories and documents, all at once, under one deadline. What is not there by then is left out, and so is
 * what fails: the chat goes on without, and says so. Only what the caller may not ask for is refused.
 */

import type { Clock } from '../../base/clock.ts';
import { GatewayError } from '../../base/errors.ts';
import type { ContextConfig } from '../../context/context-config.ts';
import type { ContextEngine } from '../../context/context-engine.ts';
import type { FoundChunk } from '../../context/knowledge/knowledge.ts';
import type { Memory, MemoryPartition, RecalledMemory, RecallRequest } from '../../context/memory/memory.ts';
import { type ContextPart, LEFT_OUT_REASONS, type LeftOut, type LeftOutReason } from '../../operations/context-answer.ts';
import type { ContextWish } from '../../operations/context-wish.ts';
import type { Principal } from '../../pipeline/facts.ts';
import type { Logger } from '../../telemetry/logger.ts';

export interface RetrieveDeps {
  readonly engine: ContextEngine;
  readonly config: ContextConfig;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface RetrieveRequest {
  readonly wish: ContextWish;
  readonly principal: Principal;
  /** Who asks, as far as that is known. */
  readonly user: string | undefined;
  /** Whose memories; undefined: none are looked up. */
  readonly partition: MemoryPartition | undefined;
  readonly knowledge: boolean;
  /** Empty where the user said nothing in words. */
  readonly question: string;
  readonly previous: string | undefined;
  /** The conversation that it is asked in. */
  readonly session: string;
  /** See Asked. */
  readonly knownFrom: number | undefined;
  /** What was said in it so far, in turns. */
  readonly sayings: number;
  /** Which memories are no news in this conversation. */
  readonly isKnown: (memory: Memory) => boolean;
}

export interface Retrieved {
  readonly profile: readonly Memory[];
  /** Best first. */
  readonly memories: readonly RecalledMemory[];
  readonly chunks: readonly FoundChunk[];
  readonly leftOut: readonly LeftOut[];
  /** Parts of which nothing came. */
  readonly failed: readonly ContextPart[];
  readonly memoryMs: number;
  readonly knowledgeMs: number;
}

/** Beyond the limit, so that enough are left when those that say what is said in this conversation are dropped: a turn each, and what was drawn from it. */
const SPARE_MAX = 12;
const SPARE_PER_SAYING = 2;

/** Rejects with `resource_unknown` for collections that the caller may not read; with nothing else. */
export async function retrieve(request: RetrieveRequest, deps: RetrieveDeps): Promise<Retrieved> {
  const { partition, question, wish } = request;
  const { config, clock, engine } = deps;
  const timeUp = Promise.withResolvers<'timeout'>();
  using _ = clock.after(config.deadline, () => timeUp.resolve('timeout'));
  const arms = new Arms(deps, timeUp.promise);
  const limit = wish.memory?.limit ?? config.memory.limit;
  const spare = Math.min(SPARE_MAX, 1 + SPARE_PER_SAYING * request.sayings);
  const { profile_tokens: profileTokens } = config.memory;
  const [profile, recall, knowledge] = await Promise.all([
    partition === undefined || profileTokens === 0 ? undefined : arms.run('memory', () => engine.memory.profile(partition, profileTokens)),
    partition === undefined || question === ''
      ? undefined
      : arms.run('memory', () => engine.memory.recall(partition, recallOf(request, question, limit + spare))),
    request.knowledge && question !== '' ? arms.run('knowledge', () => search(request, deps)) : undefined,
  ]);
  for (const reason of recall?.value?.leftOut ?? []) arms.leave('memory', reasonOf(reason));
  for (const reason of knowledge?.value?.leftOut ?? []) arms.leave('knowledge', reasonOf(reason));
  return {
    profile: profile?.value ?? [],
    memories: (recall?.value?.memories ?? []).filter(({ memory }) => !request.isKnown(memory)).slice(0, limit),
    chunks: knowledge?.value?.chunks ?? [],
    leftOut: arms.leftOut,
    failed: [
      ...(isFailed(profile, recall) ? (['memory'] as const) : []),
      ...(isFailed(knowledge) || knowledge?.value?.leftOut.includes('no_collection') === true ? (['knowledge'] as const) : []),
    ],
    memoryMs: Math.max(profile?.tookMs ?? 0, recall?.tookMs ?? 0),
    knowledgeMs: knowledge?.tookMs ?? 0,
  };
}

/** Something was asked, and nothing answered. */
function isFailed(...arms: readonly (Arm<unknown> | undefined)[]): boolean {
  const asked = arms.filter((arm) => arm !== undefined);
  return asked.length > 0 && asked.every(({ value }) => value === undefined);
}

function recallOf({ wish, previous, session, knownFrom }: RetrieveRequest, query: string, limit: number): RecallRequest {
  const { agent, run, memory: { decay, referenceMs } = {} } = wish;
  const filter = { ...(agent === undefined ? {} : { agent }), ...(run === undefined ? {} : { run }) };
  return {
    query,
    limit,
    session,
    ...(knownFrom === undefined ? {} : { knownFrom }),
    ...(previous === undefined ? {} : { previous }),
    ...(decay === undefined ? {} : { decay }),
    ...(referenceMs === undefined ? {} : { referenceMs }),
    ...(Object.keys(filter).length === 0 ? {} : { filter }),
  };
}

async function search(request: RetrieveRequest, { engine, config }: RetrieveDeps): Promise<Found> {
  const { wish, principal, user, question, previous } = request;
  const { tenant, collections: allowed } = principal;
  const { collections, filter, rerank, scoreMin } = wish.knowledge ?? {};
  const viewed = principal.user ?? user;
  const viewer = { tenant, ...(viewed === undefined ? {} : { user: viewed }), ...(allowed === undefined ? {} : { collections: allowed }) };
  const found = await engine.knowledge.searchFor(viewer, {
    queries: [leansOn(question, previous)],
    collections,
    limit: wish.knowledge?.limit ?? config.knowledge.limit,
    ...(filter === undefined ? {} : { filter }),
    ...(rerank === undefined ? {} : { rerank }),
    ...(scoreMin === undefined ? {} : { scoreMin }),
  });
  return found ?? { chunks: [], leftOut: ['no_collection'] };
}

/** A question of a few words ("And for children?") is looked up with the one before it. */
function leansOn(question: string, previous: string | undefined): string {
  const words = question.split(/\s+/).length;
  return previous === undefined || words > FEW_WORDS ? question : `${previous}\n${question}`;
}

const FEW_WORDS = 5;

interface Found {
  readonly chunks: readonly FoundChunk[];
  readonly leftOut: readonly string[];
}

interface Arm<T> {
  /** Undefined: it was not there in time, or failed. */
  readonly value: T | undefined;
  readonly tookMs: number;
}

/** The lookups of one request, and what each of them left out. */
class Arms {
  readonly #deps: RetrieveDeps;
  readonly #timeUp: Promise<'timeout'>;
  readonly #leftOut = new Map<string, LeftOut>();

  constructor(deps: RetrieveDeps, timeUp: Promise<'timeout'>) {
    this.#deps = deps;
    this.#timeUp = timeUp;
  }

  get leftOut(): readonly LeftOut[] {
    return [...this.#leftOut.values()];
  }

  leave(part: LeftOut['part'], reason: LeftOutReason): void {
    this.#leftOut.set(`${part} ${reason}`, { part, reason });
  }

  /** What comes after the deadline is dropped, a rejection too. Rejects with what is the caller's own fault alone. */
  async run<T extends object>(part: LeftOut['part'], ask: () => Promise<T>): Promise<Arm<T>> {
    const { clock, logger } = this.#deps;
    const startMs = clock.monotonic();
    let value: T | undefined;
    try {
      const first = await Promise.race([ask(), this.#timeUp]);
      if (first === 'timeout') this.leave(part, 'timeout');
      else value = first;
    } catch (error) {
      if (error instanceof GatewayError && error.row.source === 'client') throw error;
      if (!(error instanceof GatewayError)) logger.error('context could not be looked up', { part, error });
      this.leave(part, error instanceof GatewayError && error.code === 'storage_unavailable' ? 'storage' : 'failed');
    }
    return { value, tookMs: clock.monotonic() - startMs };
  }
}

function reasonOf(text: string): LeftOutReason {
  return LEFT_OUT_REASONS.find((reason) => reason === text) ?? 'failed';
}
