/* Headers that the gateway adds to replies, and those of requests that it understands. */

import { createPathMatch } from '../../base/path-match.ts';
import type { DescribedRoute } from './described-route.ts';
import type { Json } from './schema-book.ts';

/** What of the configuration decides which headers there are. */
export interface HeaderFacts {
  /** Windows with a limit: `second`, `minute`, `hour`. */
  readonly rateWindows: readonly string[];
  /** Paths whose replies may be used again, as `cache.routes` has them. */
  readonly cachedPaths: readonly string[];
}

const TEXT = { type: 'string' } as const;
const COUNT = { type: 'integer', minimum: 0 } as const;

const REPLY_HEADERS: Readonly<Record<string, Json>> = {
  'X-Correlation-ID': {
    description: "Names this request in logs, traces and error replies: the caller's own when it sent a well-formed one.",
    required: true,
    schema: TEXT,
  },
  'X-Request-ID': { description: 'The same, under the name that OpenAI clients look for.', schema: TEXT },
  'X-Gatehouse-Trace-Id': { description: 'Trace id as in `traceparent` (W3C Trace Context).', schema: TEXT },
  'X-Gatehouse-Overhead-Ms': { description: 'Milliseconds that the gateway itself took.', schema: { type: 'number' } },
  'X-Gatehouse-Provider': { description: 'The provider that answered.', schema: TEXT },
  'X-Gatehouse-Model': { description: 'The model that answered, as the provider names it.', schema: TEXT },
  'X-Gatehouse-Cost-Usd': {
    description: 'US dollars that the reply cost by the catalogue. Absent from streams, and where the usage or a price is unknown.',
    schema: { type: 'number', minimum: 0 },
  },
  'X-Gatehouse-Translated': { description: "The caller's dialect and the target's, where they differ.", schema: TEXT },
  'X-Gatehouse-Dropped': {
    description:
      'What of the request or the answer the other dialect has no word for: features as `GET /capabilities` names them, and fields.',
    schema: TEXT,
  },
  'X-Gatehouse-Adapted': { description: 'What was said in the other dialect by something close to it.', schema: TEXT },
  'X-Gatehouse-Memory': {
    description:
      'Where memory was asked for: how many memories the model was told, and what became of the turn: `injected=2;saved=stored`, or `off`, `queued` (streams: it is stored before their end), `timeout`, `failed`.',
    schema: TEXT,
  },
  'X-Gatehouse-Context': {
    description:
      'Where memory or documents were asked for: what the model was told of each, and what was left out and why: `profile=1;memories=2;documents=3;left-out=knowledge:timeout`.',
    schema: TEXT,
  },
  'X-Gatehouse-Attempts': { description: 'How often an upstream was asked.', schema: COUNT },
  'X-Cache': { description: 'Whether the reply had been given before.', schema: { type: 'string', enum: ['HIT', 'MISS', 'BYPASS'] } },
  Age: { description: 'Seconds since a cached reply was first given.', schema: COUNT },
  'X-Should-Retry': { description: 'Whether sending the request again may help.', schema: { type: 'string', enum: ['true', 'false'] } },
  'Retry-After': { description: 'Seconds to wait before trying again.', schema: { type: 'integer', minimum: 1 } },
  'WWW-Authenticate': { description: 'How to say who is calling (RFC 6750).', schema: TEXT },
};

/** Components of all headers that a reply of this configuration may carry. */
export function headerComponents(facts: HeaderFacts): Json {
  const rates = facts.rateWindows.flatMap((window): [string, Json][] => [
    [`X-RateLimit-Limit-${title(window)}`, { description: `Requests per ${window} for this caller.`, schema: COUNT }],
    [`X-RateLimit-Remaining-${title(window)}`, { description: `How many of them are left.`, schema: COUNT }],
    [`X-RateLimit-Reset-${title(window)}`, { description: 'When all of them are back: seconds since the epoch.', schema: COUNT }],
  ]);
  return { ...REPLY_HEADERS, ...Object.fromEntries(rates) };
}

/** References to the headers of a route's good replies. */
export function replyHeaders(route: DescribedRoute, facts: HeaderFacts): Json {
  const names = ['X-Correlation-ID', 'X-Request-ID', 'X-Gatehouse-Trace-Id'];
  if (route.kind !== 'system') {
    names.push('X-Gatehouse-Overhead-Ms', 'X-Gatehouse-Attempts');
    if (route.kind === 'model') {
      names.push('X-Gatehouse-Provider', 'X-Gatehouse-Model', 'X-Gatehouse-Cost-Usd');
      names.push('X-Gatehouse-Translated', 'X-Gatehouse-Dropped', 'X-Gatehouse-Adapted');
      if (route.operation === 'chat') names.push('X-Gatehouse-Memory', 'X-Gatehouse-Context');
    }
    if (isCached(route, facts)) names.push('X-Cache', 'Age');
    for (const window of facts.rateWindows)
      names.push(...['Limit', 'Remaining', 'Reset'].map((word) => `X-RateLimit-${word}-${title(window)}`));
  }
  return Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]));
}

/** Parameters that more than one operation takes. */
export const PARAMETER_COMPONENTS: Json = {
  CorrelationId: {
    name: 'X-Correlation-ID',
    in: 'header',
    description: 'Your own name for this request: 1 to 128 letters, digits and `_ . : @ / + = -`. Else the gateway makes one.',
    schema: TEXT,
  },
  Context: {
    name: 'X-Gatehouse-Context',
    in: 'header',
    description:
      'What the chat is to be told and remembered: `memory=read,write; knowledge=vs_1; user=alice; session=s-1`. `memory` is `read`, `write`, both, `on` or `off`; `knowledge` is `on`, `off`, or collections; names are percent-encoded where they hold more than ASCII. A `gatehouse` block in the body says more, and wins.',
    schema: TEXT,
    example: 'memory=read,write; user=alice',
  },
  CacheControl: {
    name: 'Cache-Control',
    in: 'header',
    description: '`no-cache`: a fresh answer, which may be kept. `no-store`: neither read from the cache nor kept.',
    schema: { type: 'string', enum: ['no-cache', 'no-store'] },
  },
};

export function sharedParameters(route: DescribedRoute, facts: HeaderFacts): Json[] {
  if (route.kind === 'system') return [];
  const names = isCached(route, facts) ? ['CorrelationId', 'CacheControl'] : ['CorrelationId'];
  if (route.operation === 'chat') names.push('Context');
  return names.map((name) => ({ $ref: `#/components/parameters/${name}` }));
}

/** Whether a cache rule reaches some path of the route. */
function isCached(route: DescribedRoute, facts: HeaderFacts): boolean {
  const open = /[{*]/.exec(route.pattern);
  const start = open === null ? route.pattern : route.pattern.slice(0, open.index);
  return facts.cachedPaths.some((rule) => createPathMatch(rule)(start) || (open !== null && rule.startsWith(start)));
}

function title(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}
