/*
 * What is known of responses that were answered here: which provider has them, or, where the answer came from a model of another dialect, the conversation
 * itself, which nobody else has. It is kept where replies are cached, and may be forgotten at any time: then the caller is told so, and sends it all again.
 *
 * Only who was answered may go on from an answer: tenant, key and the end user that the key is bound to.
 */

import { NEVER } from '../base/abort.ts';
import type { ResponsesConfig } from '../dialects/openai-responses/responses-config.ts';
import type { Principal } from '../pipeline/facts.ts';
import type { ValueStore } from '../stores/value/value-store.ts';

/** `items`: JSON of the items, with commas between, in the order of the conversation; without the brackets of a list. */
export type KeptResponse =
  | { readonly kind: 'conversation'; readonly items: string }
  | { readonly kind: 'passed'; readonly provider: string };

export interface ResponsesMemory {
  /** Undefined when nothing is known; `foreign` when it is somebody else's. */
  find(id: string, principal: Principal): Promise<KeptResponse | 'foreign' | undefined>;
  /** Never rejects; what can't be kept is not. */
  keep(id: string, principal: Principal, response: KeptResponse): Promise<void>;
  forget(id: string): Promise<void>;
}

interface Stored {
  readonly owner: string;
  readonly response: KeptResponse;
}

export function createResponsesMemory(config: ResponsesConfig, { values }: { readonly values: ValueStore }): ResponsesMemory {
  const { keep_for: ttlMs, conversation_bytes_max: bytesMax } = config;
  return {
    async find(id, principal) {
      if (ttlMs === 0) return undefined;
      const bytes = await values.get(keyOf(id), NEVER);
      if (bytes === undefined) return undefined;
      const { owner, response } = JSON.parse(decoder.decode(bytes)) as Stored;
      return owner === ownerOf(principal) ? response : 'foreign';
    },
    async keep(id, principal, response) {
      if (ttlMs === 0 || (response.kind === 'conversation' && response.items.length > bytesMax)) return;
      const stored: Stored = { owner: ownerOf(principal), response };
      await values.set(keyOf(id), Buffer.from(JSON.stringify(stored)), { ttlMs, signal: NEVER });
    },
    async forget(id) {
      await values.delete(keyOf(id), NEVER);
    },
  };
}

/** Ids are the caller's words: of any length, with anything in them. */
function keyOf(id: string): string {
  return `response:${digest(id)}`;
}

function ownerOf({ tenant, user, id }: Principal): string {
  return digest(`${tenant}\0${user ?? ''}\0${id}`);
}

function digest(text: string): string {
  return new Bun.CryptoHasher('sha256').update(text).digest('base64url');
}

const decoder = new TextDecoder();
