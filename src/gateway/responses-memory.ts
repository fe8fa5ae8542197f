/*
 * What is known of responses that were answered here: which provider has them, or, where the answer came from a model of another dialect, the conversation
 * itself, which nobody else has, and each item of the answer by its id. It is kept where replies are cached, and may be forgotten at any time: then the
 * caller is told so, and sends it all again.
 *
 * What was said stands under the scope of its user (stores/value/value-scope.ts), and can be deleted with all else of theirs. Whose a response is stands apart,
 * as a digest: it stays, so that nobody else is taken for its owner.
 *
 * Only who was answered may go on from an answer, or name its items: tenant, key and the end user that the key is bound to. An item of anybody else is one
 * that is not known.
 */

import { NEVER } from '../base/abort.ts';
import { isRecord } from '../dialects/dialect-errors.ts';
import type { ResponsesConfig } from '../dialects/openai-responses/responses-config.ts';
import type { Principal } from '../pipeline/facts.ts';
import { valueScope } from '../stores/value/value-scope.ts';
import type { ValueStore } from '../stores/value/value-store.ts';

/**
 * `items`: JSON of the items, with commas between, in the order of the conversation; without the brackets of a list. `itemIds`: those of the answer that are
 * kept by their ids, too.
 */
export type KeptResponse =
  | { readonly kind: 'conversation'; readonly items: string; readonly itemIds?: readonly string[] }
  | { readonly kind: 'passed'; readonly provider: string };

/** Who was answered. */
export interface Keeper {
  readonly principal: Principal;
  /** The user whom a caller who is bound to none has named. */
  readonly user?: string | undefined;
}

export interface ResponsesMemory {
  /** Undefined when nothing is known; `foreign` when it is somebody else's. */
  find(id: string, principal: Principal): Promise<KeptResponse | 'foreign' | undefined>;
  /** Never rejects; what can't be kept is not. */
  keep(id: string, keeper: Keeper, response: KeptResponse): Promise<void>;
  /** Keeps the items of an answer that have ids, and gives those; never rejects. */
  keepItems(items: readonly unknown[], keeper: Keeper): Promise<readonly string[]>;
  /** The items with these ids that are known, each as JSON. */
  findItems(ids: readonly string[], principal: Principal): Promise<ReadonlyMap<string, string>>;
  /** With the response its items are forgotten. */
  forget(id: string, principal: Principal): Promise<void>;
}

/** Items of one answer that are kept by their ids: more than any model says at once. */
const ITEMS_MAX = 256;
/** Items that are asked for at once. */
const ASKED_MAX = 64;

export function createResponsesMemory(config: ResponsesConfig, { values }: { readonly values: ValueStore }): ResponsesMemory {
  const { keep_for: ttlMs, conversation_bytes_max: bytesMax } = config;
  const set = async (key: string, bytes: Uint8Array): Promise<void> => values.set(key, bytes, { ttlMs, signal: NEVER });
  const text = async (key: string): Promise<string | undefined> => {
    const bytes = await values.get(key, NEVER);
    return bytes === undefined ? undefined : decoder.decode(bytes);
  };
  return {
    async find(id, principal) {
      if (ttlMs === 0) return undefined;
      const holder = await holderOf(text, id);
      if (holder === undefined) return undefined;
      if (holder.owner !== ownerOf(principal)) return 'foreign';
      const found = await text(keyOf(id, holder));
      return found === undefined ? undefined : (JSON.parse(found) as KeptResponse);
    },
    async keep(id, keeper, response) {
      if (ttlMs === 0 || (response.kind === 'conversation' && response.items.length > bytesMax)) return;
      const holder = holderFor(keeper);
      // The owner first: what is found with nobody's name on it would be anybody's.
      await set(ownerKey(id), Buffer.from(`${holder.owner} ${holder.scope}`));
      await set(keyOf(id, holder), Buffer.from(JSON.stringify(response)));
    },
    async keepItems(items, keeper) {
      if (ttlMs === 0) return [];
      const holder = holderFor(keeper);
      const isNamed = holder.scope !== valueScope(keeper.principal);
      const kept: string[] = [];
      let room = bytesMax;
      for (const item of items) {
        if (!isRecord(item) || typeof item['id'] !== 'string' || kept.length === ITEMS_MAX) continue;
        const bytes = Buffer.from(JSON.stringify(item));
        room -= bytes.length;
        if (room < 0) break;
        if (isNamed) await set(itemScopeKey(item['id'], holder.owner), Buffer.from(holder.scope));
        await set(itemKey(item['id'], holder), bytes);
        kept.push(item['id']);
      }
      return kept;
    },
    async findItems(ids, principal) {
      const found = new Map<string, string>();
      if (ttlMs === 0) return found;
      for (let from = 0; from < ids.length; from += ASKED_MAX) {
        const some = ids.slice(from, from + ASKED_MAX);
        const items = await Promise.all(some.map((id) => findItem(text, id, principal)));
        for (const [index, item] of items.entries()) {
          const id = some[index];
          if (item !== undefined && id !== undefined) found.set(id, item);
        }
      }
      return found;
    },
    async forget(id, principal) {
      const response = await this.find(id, principal);
      if (response === 'foreign') return;
      const holder = (await holderOf(text, id)) ?? holderFor({ principal });
      const itemIds = response?.kind === 'conversation' ? (response.itemIds ?? []) : [];
      const items = itemIds.flatMap((itemId) => [itemKey(itemId, holder), itemScopeKey(itemId, holder.owner)]);
      for (const key of [ownerKey(id), keyOf(id, holder), ...items]) await values.delete(key, NEVER);
    },
  };
}

/** Whose a response is: of the caller, as a digest; and the scope of the user that it is about. */
interface Holder {
  readonly owner: string;
  readonly scope: string;
}

type ReadText = (key: string) => Promise<string | undefined>;

async function holderOf(read: ReadText, id: string): Promise<Holder | undefined> {
  const [owner = '', scope = ''] = (await read(ownerKey(id)))?.split(' ') ?? [];
  return owner === '' ? undefined : { owner, scope };
}

async function findItem(read: ReadText, id: string, principal: Principal): Promise<string | undefined> {
  const owner = ownerOf(principal);
  const found = await read(itemKey(id, { owner, scope: valueScope(principal) }));
  if (found !== undefined) return found;
  // It may be about a user whom the caller had named.
  const scope = await read(itemScopeKey(id, owner));
  return scope === undefined ? undefined : read(itemKey(id, { owner, scope }));
}

function holderFor({ principal, user }: Keeper): Holder {
  return { owner: ownerOf(principal), scope: valueScope({ tenant: principal.tenant, user: principal.user ?? user }) };
}

/** Ids are the caller's words: of any length, with anything in them. */
function ownerKey(id: string): string {
  return `response-owner:${digest(id)}`;
}

/** The owner is in the key, so that nobody's response or item is found, or written over, by anybody else who knows or guesses its id. */
function keyOf(id: string, { owner, scope }: Holder): string {
  return `${scope}response:${digest(`${owner} ${id}`)}`;
}

function itemKey(id: string, { owner, scope }: Holder): string {
  return `${scope}response-item:${digest(`${owner} ${id}`)}`;
}

/** Says in which scope an item stands, where it is not the caller's own. */
function itemScopeKey(id: string, owner: string): string {
  return `response-item-scope:${digest(`${owner} ${id}`)}`;
}

function ownerOf({ tenant, user, id }: Principal): string {
  return digest(`${tenant}\0${user ?? ''}\0${id}`);
}

function digest(text: string): string {
  return new Bun.CryptoHasher('sha256').update(text).digest('base64url');
}

const decoder = new TextDecoder();
