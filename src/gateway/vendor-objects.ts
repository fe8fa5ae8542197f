/*
 * Whose a file or a batch is. All callers share the account that the gateway has at a vendor, and the vendor would show everything to each of them: so what a
 * caller made here is written down as theirs, and nobody else finds it. What nobody made here only an administrator sees.
 */

import type { Clock } from '../base/clock.ts';
import { GatewayError } from '../base/errors.ts';
import type { Exchange } from '../pipeline/exchange.ts';
import { type Principal, principalFact } from '../pipeline/facts.ts';
import type { GatewayRequest } from '../pipeline/request.ts';
import type { FilesConfig } from '../routing/files-config.ts';
import type { Provider } from '../routing/router.ts';
import type { Owner, VendorObject, VendorObjectKind, VendorObjectStore } from '../stores/vendor-object/vendor-object-store.ts';
import type { VendorProviders } from './vendor-provider.ts';

/** What a request about one object is about. */
export interface Holding {
  readonly id: string;
  readonly provider: Provider;
  /** Whose it is; undefined where nobody made it here. */
  readonly owner: Owner | undefined;
}

/** As vendors write them; whatever else stands there is no id of theirs, and goes into no address. */
const ID = /^[\w-]{1,128}$/;
const BODY_CHARS_MAX = 65_536;
const NOUNS: Readonly<Record<VendorObjectKind, string>> = { file: 'file', upload: 'upload', batch: 'batch' };

export interface VendorObjectsDeps {
  readonly store: VendorObjectStore;
  readonly providers: VendorProviders;
  readonly clock: Clock;
}

export class VendorObjects {
  readonly #config: FilesConfig;
  readonly #deps: VendorObjectsDeps;

  constructor(config: FilesConfig, deps: VendorObjectsDeps) {
    this.#config = config;
    this.#deps = deps;
  }

  /** The object of an id, where it is the caller's. Throws `resource_unknown`: the same for what is another's as for what is not there. */
  async holding(
    kind: VendorObjectKind,
    id: string,
    { request, exchange }: { request: GatewayRequest; exchange: Exchange },
  ): Promise<Holding> {
    const { providers, store } = this.#deps;
    const principal = exchange.get(principalFact);
    const named = providers.named(request);
    const found = ID.test(id) ? await store.find(id) : [];
    const seen = found.find(
      (object) =>
        object.kind === kind && (named === undefined || object.provider === named.name) && (principal.admin || isOf(object, principal)),
    );
    if (seen !== undefined) {
      const provider = providers.byName(seen.provider);
      if (provider === undefined) throw unknownObject(kind);
      return { id, provider, owner: seen.owner };
    }
    if (!principal.admin || !ID.test(id)) throw unknownObject(kind);
    return { id, provider: providers.choose(request), owner: undefined };
  }

  /** Throws `quota_exceeded`; and `storage_unavailable` where what is made could not be written down. */
  async checkRoom(exchange: Exchange): Promise<void> {
    const { tenant } = exchange.get(principalFact);
    if ((await this.#deps.store.count(tenant)) >= this.#config.objects_max)
      throw new GatewayError('quota_exceeded', `there are as many files, uploads and batches as may be: ${this.#config.objects_max}`);
  }

  /** Writes down what the caller has just made. */
  async made(kind: VendorObjectKind, told: Readonly<Record<string, unknown>>, holder: { owner: Owner; provider: Provider }): Promise<void> {
    await this.#keep({ kind, told, claim: true }, holder);
    await this.#keepNamed(kind, told, holder);
  }

  /** Takes over what the vendor says of an object now, and whatever has come about with it. */
  async told(kind: VendorObjectKind, told: Readonly<Record<string, unknown>>, { owner, provider }: Holding): Promise<void> {
    if (owner === undefined) return;
    await this.#keep({ kind, told, claim: false }, { owner, provider });
    await this.#keepNamed(kind, told, { owner, provider });
  }

  async gone({ provider, id }: Holding): Promise<void> {
    await this.#deps.store.delete({ provider: provider.name, id });
  }

  async #keep(
    { kind, told, claim }: { kind: VendorObjectKind; told: Readonly<Record<string, unknown>>; claim: boolean },
    { owner, provider }: { owner: Owner; provider: Provider },
  ): Promise<void> {
    const { id } = told;
    if (typeof id !== 'string' || !ID.test(id))
      throw new GatewayError('upstream_reply_invalid', `the upstream made a ${NOUNS[kind]} without an id`);
    const text = JSON.stringify(told);
    const body = text.length > BODY_CHARS_MAX ? '' : text;
    await this.#deps.store.keep({ kind, id, provider: provider.name, owner, createdMs: this.#deps.clock.now(), body }, { claim });
  }

  /** Files that a batch has written, and the one that an upload has become. */
  async #keepNamed(
    kind: VendorObjectKind,
    told: Readonly<Record<string, unknown>>,
    holder: { owner: Owner; provider: Provider },
  ): Promise<void> {
    const { file } = told;
    if (kind === 'upload' && typeof file === 'object' && file !== null)
      await this.#keep({ kind: 'file', told: file as Record<string, unknown>, claim: true }, holder);
    if (kind !== 'batch') return;
    for (const name of ['output_file_id', 'error_file_id']) {
      const id = told[name];
      if (typeof id !== 'string' || !ID.test(id)) continue;
      const createdMs = this.#deps.clock.now();
      await this.#deps.store.keep(
        { kind: 'file', id, provider: holder.provider.name, owner: holder.owner, createdMs, body: '' },
        { claim: false },
      );
    }
  }
}

/** A key without a user is the tenant's own: it meets no user's files, nor they its. */
export function ownerOf(exchange: Exchange): Owner {
  const { tenant, user = '' } = exchange.get(principalFact);
  return { tenant, user };
}

function isOf({ owner }: VendorObject, { tenant, user = '' }: Principal): boolean {
  return owner.tenant === tenant && owner.user === user;
}

export function unknownObject(kind: VendorObjectKind): GatewayError {
  return new GatewayError('resource_unknown', `there is no such ${NOUNS[kind]}`, { param: 'id' });
}
