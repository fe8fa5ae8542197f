/*
 * Lists of a caller's files and batches. They come from what is written down here, never from the vendor's own list, in which they would have to be searched
 * for among everybody's. What may have changed since is asked for, one by one.
 */

import { jsonReply } from '../admin/json-reply.ts';
import { GatewayError } from '../base/errors.ts';
import type { Exchange } from '../pipeline/exchange.ts';
import type { Reply } from '../pipeline/reply.ts';
import type { GatewayRequest } from '../pipeline/request.ts';
import type { VendorObject, VendorObjectStore } from '../stores/vendor-object/vendor-object-store.ts';
import { UpstreamCallError } from '../upstream/call-error.ts';
import type { VendorCall } from './vendor-call.ts';
import { ownerOf, unknownObject, type VendorObjects } from './vendor-objects.ts';
import type { VendorProviders } from './vendor-provider.ts';

export interface VendorListRules {
  readonly kind: 'file' | 'batch';
  /** Where one of them is asked for, at the provider: `/files`. */
  readonly path: string;
  readonly limitDefault: number;
  readonly limitMax: number;
  readonly timeoutMs: number;
}

export interface VendorListDeps {
  readonly store: VendorObjectStore;
  readonly objects: VendorObjects;
  readonly providers: VendorProviders;
  readonly call: VendorCall;
}

/** Asked for at once. */
const ASKED_MAX = 8;
/** A batch that has come to its end stays as it is. */
const FINAL: ReadonlySet<unknown> = new Set(['completed', 'failed', 'cancelled', 'expired']);

type Told = Readonly<Record<string, unknown>>;

export async function listOwn(
  rules: VendorListRules,
  deps: VendorListDeps,
  asked: { request: GatewayRequest; exchange: Exchange },
): Promise<Reply> {
  const { request, exchange } = asked;
  const { limit, after, order, purpose } = parametersOf(request.search, rules);
  const provider = deps.providers.named(request)?.name;
  const owner = ownerOf(exchange);
  const position =
    after === undefined ? undefined : (await deps.store.find(after)).find((object) => isOwn(object, owner) && object.kind === rules.kind);
  if (after !== undefined && position === undefined) throw unknownObject(rules.kind);
  const rows: { readonly id: string; readonly told: Told }[] = [];
  let last: VendorObject | undefined = position;
  let hasMore = true;
  // A purpose is known only once it is told: pages are read until there are enough of it.
  while (rows.length <= limit && hasMore) {
    const page = await deps.store.list(owner, { kind: rules.kind, provider, order, after: last, limit: limit + 1 });
    hasMore = page.length > limit;
    last = page.at(-1) ?? last;
    for (const row of await freshened(page, rules, { ...deps, exchange })) {
      if (purpose === undefined || row.told['purpose'] === purpose) rows.push(row);
    }
  }
  const data = rows.slice(0, limit);
  return jsonReply(200, {
    object: 'list',
    data: data.map(({ told }) => told),
    first_id: data[0]?.id ?? null,
    last_id: data.at(-1)?.id ?? null,
    has_more: rows.length > limit,
  });
}

/** In their order, without those that are gone at the vendor. */
async function freshened(
  page: readonly VendorObject[],
  rules: VendorListRules,
  deps: VendorListDeps & { readonly exchange: Exchange },
): Promise<{ id: string; told: Told }[]> {
  const all: (Told | undefined)[] = [];
  let next = 0;
  const work = async (): Promise<void> => {
    for (let index = next++; index < page.length; index = next++) {
      const object = page[index];
      if (object !== undefined) all[index] = await toldOf(object, rules, deps);
    }
  };
  await Promise.all(Array.from({ length: Math.min(ASKED_MAX, page.length) }, work));
  return page.flatMap(({ id }, index) => {
    const told = all[index];
    return told === undefined ? [] : [{ id, told }];
  });
}

async function toldOf(
  object: VendorObject,
  rules: VendorListRules,
  deps: VendorListDeps & { readonly exchange: Exchange },
): Promise<Told | undefined> {
  const known = object.body === '' ? undefined : (JSON.parse(object.body) as Told);
  if (known !== undefined && (rules.kind === 'file' || FINAL.has(known['status']))) return known;
  const provider = deps.providers.byName(object.provider);
  if (provider === undefined) return known;
  const { exchange, objects, call } = deps;
  const { timeoutMs, path, kind } = rules;
  const asked = { provider, method: 'GET', path: `${path}/${object.id}`, body: null, headers: new Headers(), timeoutMs };
  const answer = await call.json(asked, exchange, true).catch((cause: unknown) => {
    // What was known of it last is worth more than no list at all.
    if (known === undefined || !(cause instanceof UpstreamCallError)) throw cause;
    return undefined;
  });
  if (answer === undefined) return known;
  const { reply, json } = answer;
  const holding = { id: object.id, provider, owner: object.owner };
  if (json === undefined) {
    if (reply.status === 404) await objects.gone(holding);
    return undefined;
  }
  await objects.told(kind, json, holding);
  return json;
}

interface ListParameters {
  readonly limit: number;
  readonly after: string | undefined;
  readonly order: 'newest' | 'oldest';
  readonly purpose: string | undefined;
}

function parametersOf(search: string, { kind, limitDefault, limitMax }: VendorListRules): ListParameters {
  const given = new URLSearchParams(search);
  const limit = given.get('limit') ?? String(limitDefault);
  if (!/^[1-9]\d{0,4}$/.test(limit)) throw new GatewayError('request_invalid', "'limit' must be a whole number from 1", { param: 'limit' });
  const order = given.get('order') ?? 'desc';
  if (order !== 'asc' && order !== 'desc') throw new GatewayError('request_invalid', "'order' must be asc or desc", { param: 'order' });
  return {
    limit: Math.min(Number(limit), limitMax),
    after: given.get('after') ?? undefined,
    order: order === 'asc' ? 'oldest' : 'newest',
    purpose: kind === 'file' ? (given.get('purpose') ?? undefined) : undefined,
  };
}

function isOwn({ owner }: VendorObject, { tenant, user }: { tenant: string; user: string }): boolean {
  return owner.tenant === tenant && owner.user === user;
}
