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

export interface ResponsesMemory {
  /** Undefined when nothing is known; `foreign` when it is somebody else's. */
  find(id: string, principal: Principal): Promise<KeptResponse | 'foreign' | undefined>;
  /** Never rejects; what can't be kept is not. */
  keep(id: string, principal: Principal, response: KeptResponse): Promise<void>;
  /** Keeps the items of an answer that have ids, and gives those; never rejects. */
  keepItems(items: readonly unknown[], principal: Principal): Promise<readonly string[]>;
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
  return {
    async find(id, principal) {
      if (ttlMs === 0) return undefined;
      const owner = await values.get(ownerKey(id), NEVER);
      if (owner === undefined) return undefined;
      if (decoder.decode(owner) !== ownerOf(principal)) return 'foreign';
      const bytes = await values.get(keyOf(id, principal), NEVER);
      return bytes === undefined ? undefined : (JSON.parse(decoder.decode(bytes)) as KeptResponse);
    },
    async keep(id, principal, response) {
      if (ttlMs === 0 || (response.kind === 'conversation' && response.items.length > bytesMax)) return;
      // The owner first: what is found with nobody's name on it would be anybody's.
      await values.set(ownerKey(id), Buffer.from(ownerOf(principal)), { ttlMs, signal: NEVER });
      await values.set(keyOf(id, principal), Buffer.from(JSON.stringify(response)), { ttlMs, signal: NEVER });
    },
    async keepItems(items, principal) {
      if (ttlMs === 0) return [];
      const kept: string[] = [];
      let room = bytesMax;
      for (const item of items) {
        if (!isRecord(item) || typeof item['id'] !== 'string' || kept.length === ITEMS_MAX) continue;
        const bytes = Buffer.from(JSON.stringify(item));
        room -= bytes.length;
        if (room < 0) break;
        await values.set(itemKey(item['id'], principal), bytes, { ttlMs, signal: NEVER });
        kept.push(item['id']);
      }
      return kept;
    },
    async findItems(ids, principal) {
      const found = new Map<string, string>();
      if (ttlMs === 0) return found;
      for (let from = 0; from < ids.length; from += ASKED_MAX) {
        const some = ids.slice(from, from + ASKED_MAX);
        const items = await Promise.all(some.map(async (id) => values.get(itemKey(id, principal), NEVER)));
        for (const [index, bytes] of items.entries()) {
          const id = some[index];
          if (bytes !== undefined && id !== undefined) found.set(id, decoder.decode(bytes));
        }
      }
      return found;
    },
    async forget(id, principal) {
      const response = await this.find(id, principal);
      if (response === 'foreign') return;
      const itemIds = response?.kind === 'conversation' ? (response.itemIds ?? []) : [];
      for (const key of [ownerKey(id), keyOf(id, principal), ...itemIds.map((itemId) => itemKey(itemId, principal))])
        await values.delete(key, NEVER);
    },
  };
}

/** Ids are the caller's words: of any length, with anything in them. */
function ownerKey(id: string): string {
  return `response-owner:${digest(id)}`;
}

/** The owner is in the key, so that nobody's response or item is found, or written over, by anybody else who knows or guesses its id. */
function keyOf(id: string, principal: Principal): string {
  return `${valueScope(principal)}response:${digest(`${ownerOf(principal)} ${id}`)}`;
}

function itemKey(id: string, principal: Principal): string {
  return `${valueScope(principal)}response-item:${digest(`${ownerOf(principal)} ${id}`)}`;
}

function ownerOf({ tenant, user, id }: Principal): string {
  return digest(`${tenant}\0${user ?? ''}\0${id}`);
}

function digest(text: string): string {
  return new Bun.CryptoHasher('sha256').update(text).digest('base64url');
}

const decoder = new TextDecoder();
