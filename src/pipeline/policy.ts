import type { Exchange } from './exchange.ts';
import type { Fact } from './fact.ts';
import type { Reply } from './reply.ts';
import type { GatewayRequest } from './request.ts';
import type { RouteInfo } from './route.ts';

/** Outermost first. Every policy belongs to one; within a stage they run in the order of policies/registry.ts. */
export const STAGES = [
  'observe', // open the span, count, write the access log: outermost, so it sees every outcome
  'rescue', // the only place where an error becomes a reply
  'admit', // shed load before any work is done
  'identify', // who is calling
  'read', // the body, and what it asks: after identify, so that a stranger cannot make us buffer or parse
  'allow', // may they: routes, models, rate, budget
  'inspect', // guardrails, on the request and on the reply
  'enrich', // memory and knowledge
  'reuse', // coalescing, exact and semantic cache: after enrich, so that the key holds what was injected
] as const;

export type Stage = (typeof STAGES)[number];

export type Handler = (request: GatewayRequest, exchange: Exchange) => Promise<Reply>;

export type Layer = (next: Handler) => Handler;

export interface Policy {
  readonly name: string;
  readonly stage: Stage;
  /** Facts that must have been written by a policy further out. */
  readonly reads?: readonly Fact<unknown>[];
  readonly writes?: readonly Fact<unknown>[];
  /** The layer for one route; undefined where the policy has nothing to do there, and then it costs nothing. */
  layer(route: RouteInfo): Layer | undefined;
}

/** Raised at start: a stack that could not work. */
export class StackError extends Error {
  override readonly name = 'StackError';
}

/** Wraps `terminal` in the policies that apply to the route, checking that each fact is written before it is read. */
export function compose(policies: readonly Policy[], route: RouteInfo, terminal: Handler): Handler {
  const ordered = [...policies].toSorted((a, b) => STAGES.indexOf(a.stage) - STAGES.indexOf(b.stage));
  const written = new Set<number>();
  const layers: Layer[] = [];
  for (const policy of ordered) {
    const layer = policy.layer(route);
    if (layer === undefined) continue;
    for (const fact of policy.reads ?? []) {
      if (!written.has(fact.slot))
        throw new StackError(`${route.pattern}: policy '${policy.name}' reads '${fact.name}', which nothing writes before it`);
    }
    for (const fact of policy.writes ?? []) written.add(fact.slot);
    layers.push(layer);
  }
  return layers.reduceRight<Handler>((next, layer) => layer(next), terminal);
}
