/*
 * Forgetting a user for good: memories with their history, indexes and vectors; documents, and what of them is in collections; answers that were kept
 * for using them again; responses that were kept for going on from them. Done again it finds nothing, so who was cut off asks again.
 *
 * What is made of the user's words while it runs may come after it: who erases a user stops asking for them first.
 */

import { jsonReply } from '../admin/json-reply.ts';
import { NEVER } from '../base/abort.ts';
import type { Clock } from '../base/clock.ts';
import { GatewayError } from '../base/errors.ts';
import type { KnowledgeEngine } from '../context/knowledge/knowledge.ts';
import type { MemoryEngine } from '../context/memory/memory.ts';
import { timeText } from '../context/memory/memory-times.ts';
import { principalFact } from '../pipeline/facts.ts';
import type { Handler } from '../pipeline/policy.ts';
import type { DocumentStore, Owner } from '../stores/document/document-store.ts';
import type { Rewrite } from '../stores/rewrite/sqlite-rewrite.ts';
import { valueScope } from '../stores/value/value-scope.ts';
import type { ValueStore } from '../stores/value/value-store.ts';
import type { VendorObjectStore } from '../stores/vendor-object/vendor-object-store.ts';
import type { Logger } from '../telemetry/logger.ts';
import { partitionOf, unknownUser } from './memory-access.ts';
import { checked, ownerNames, readQuery } from './memory-fields.ts';

/** Where a user's documents may be searched. */
type Shelves = Pick<KnowledgeEngine, 'collections' | 'deleteCollection' | 'removeDocument'>;

export interface EraseDeps {
  readonly context: { readonly memory: MemoryEngine; readonly knowledge: Shelves };
  readonly documents: DocumentStore;
  readonly values: ValueStore;
  readonly vendorObjects: VendorObjectStore;
  /** Has the files of the stores written anew, so that nothing deleted is left in them. */
  readonly rewrite: Rewrite;
  /** Tells other processes to forget what they keep under this scope. */
  readonly tellOthers: (scope: string) => void;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly createId: () => string;
}

/** `DELETE /v1/users/{id}`: counts of each kind, and a receipt. */
export function createErase(deps: EraseDeps): Handler {
  return async (request, exchange) => {
    readQuery(request, []);
    const { user_id: user } = checked(ownerNames, { user_id: request.params?.['id'] ?? '' });
    const partition = partitionOf(exchange.get(principalFact), user);
    if (partition.name === '') throw unknownUser();
    const owner: Owner = { tenant: partition.tenant, user: partition.name };
    const memories = await deps.context.memory.erase(partition);
    const documents = await eraseDocuments(owner, deps);
    const values = await eraseValues(owner, deps);
    const left = [...(await filesElsewhere(owner, deps)), ...(await remnants(deps))];
    const counts = { ...memories, ...documents, ...values };
    const receipt = `era_${deps.createId()}`;
    const at = timeText(deps.clock.now());
    // Whom the receipt is about can be shown by whoever knows the name, and not read from the log.
    const subject = new Bun.CryptoHasher('sha256').update(`${owner.tenant}\0${owner.user}`).digest('hex');
    deps.logger.info('a user was erased', { receipt, subject, counts });
    return jsonReply(200, {
      object: 'user.erased',
      user_id: owner.user,
      erased: true,
      counts,
      receipt: { id: receipt, at, subject_sha256: subject },
      ...(left.length === 0 ? {} : { not_erased: left }),
    });
  };
}

const DOCUMENTS_AT_ONCE = 100;

async function eraseDocuments(owner: Owner, { context, documents }: EraseDeps): Promise<{ documents: number; collections: number }> {
  const collections = await eraseCollections(owner, context.knowledge);
  let deleted = 0;
  for (;;) {
    const page = await documents.list(owner, { limit: DOCUMENTS_AT_ONCE });
    const ids = page.map(({ id }) => id);
    // What is searched goes before the document, by which it is found should this be cut off.
    for (const id of ids) await context.knowledge.removeDocument(owner.tenant, id);
    const before = deleted;
    for (const id of ids) if (await documents.delete(owner, id)) deleted += 1;
    if (deleted === before && page.length === DOCUMENTS_AT_ONCE)
      throw new GatewayError('storage_unavailable', 'documents of the user could not be deleted: ask again');
    if (page.length < DOCUMENTS_AT_ONCE) break;
  }
  return { documents: deleted, collections };
}

/** The user's own collections, with all that is in them. */
async function eraseCollections({ tenant, user }: Owner, knowledge: Shelves): Promise<number> {
  let deleted = 0;
  for (const collection of await knowledge.collections(tenant))
    if (collection.user === user && (await knowledge.deleteCollection(tenant, collection.id))) deleted += 1;
  return deleted;
}

async function eraseValues(owner: Owner, { values, tellOthers }: EraseDeps): Promise<{ cached_answers: number; stored_responses: number }> {
  const scope = valueScope(owner);
  tellOthers(scope);
  const cached_answers = await values.deletePrefix(`${scope}cache:`, NEVER);
  const stored_responses = await values.deletePrefix(`${scope}response:`, NEVER);
  // Parts of the responses, and whatever else stands in the user's scope.
  await values.deletePrefix(scope, NEVER);
  return { cached_answers, stored_responses };
}

const SHOWN_MAX = 1_000;

interface Left {
  readonly kind: string;
  readonly count?: number;
  /** What can be done about it. */
  readonly how: string;
}

/** What stays where only its provider can delete it. */
async function filesElsewhere(owner: Owner, { vendorObjects }: EraseDeps): Promise<Left[]> {
  const { length: count } = await vendorObjects.list(owner, {
    kind: 'file',
    provider: undefined,
    order: 'newest',
    after: undefined,
    limit: SHOWN_MAX,
  });
  return count === 0 ? [] : [{ kind: 'provider_files', count, how: 'they are kept at a provider: DELETE /v1/files/{id}' }];
}

/** A large database is not written anew while everybody waits. */
async function remnants({ rewrite }: EraseDeps): Promise<Left[]> {
  if ((await rewrite()) === 'done') return [];
  return [{ kind: 'remnants', how: 'unused parts of the database file may hold fragments: run VACUUM on it when there is time' }];
}
