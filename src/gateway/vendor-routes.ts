/* Files, uploads in parts, and batches, as the OpenAI API has them: kept at a provider, and each caller's own. */

import { GatewayError } from '../base/errors.ts';
import { memberString } from '../base/json-scan.ts';
import type { Spools } from '../context/spool/spool.ts';
import { scanBody } from '../dialects/dialect-body.ts';
import { createFieldCheck } from '../dialects/dialect-request.ts';
import type { Route } from '../edge/route-table.ts';
import type { Exchange } from '../pipeline/exchange.ts';
import { principalFact } from '../pipeline/facts.ts';
import type { Handler } from '../pipeline/policy.ts';
import type { Reply } from '../pipeline/reply.ts';
import type { GatewayRequest } from '../pipeline/request.ts';
import type { FilesConfig } from '../routing/files-config.ts';
import type { Provider } from '../routing/router.ts';
import type { VendorObjectKind, VendorObjectStore } from '../stores/vendor-object/vendor-object-store.ts';
import { readFileForm } from './file-form.ts';
import { isKeptFile, isKeptPurpose, type KeptFiles, listReply } from './kept-files.ts';
import { VendorCall, type VendorCallDeps } from './vendor-call.ts';
import { listOwn } from './vendor-list.ts';
import { ownerOf, VendorObjects } from './vendor-objects.ts';
import { createVendorProviders, type VendorProviders, vendorSearch } from './vendor-provider.ts';

export interface VendorRoutesDeps extends VendorCallDeps {
  readonly store: VendorObjectStore;
  /** Files that are kept here; undefined where none are. */
  readonly kept: KeptFiles | undefined;
  readonly spools: Spools;
}

/** Without the file: ids, names, metadata. */
const JSON_BYTES_MAX = 1_048_576;
const JSON_TIMEOUT_MS = 60_000;
const PATHS: Readonly<Record<VendorObjectKind, string>> = { file: '/files', upload: '/uploads', batch: '/batches' };
const LISTS = { file: { limitDefault: 1_000, limitMax: 1_000 }, batch: { limitDefault: 20, limitMax: 100 } } as const;

export function createVendorRoutes(config: FilesConfig, deps: VendorRoutesDeps): Route[] {
  const asked = { dialect: deps.dialect.name };
  const files = new VendorRoutes(config, deps, createVendorProviders(config, deps.router, { ...asked, kind: 'files' }));
  const batches = new VendorRoutes(config, deps, createVendorProviders(config, deps.router, { ...asked, kind: 'batches' }));
  const route = (method: string, pattern: string, handler: Handler): Route => ({
    pattern: `/v1${pattern}`,
    methods: [method],
    kind: 'resource',
    access: 'key',
    dialect: deps.dialect.name,
    handler,
    docs: async () => (await import('./vendor-docs.ts')).vendorDocs(`${method} ${pattern}`),
  });
  return [
    route('POST', '/files', files.create('file')),
    route('GET', '/files', files.list('file')),
    route('GET', '/files/{id}', files.ask('file', 'GET', '')),
    route('DELETE', '/files/{id}', files.ask('file', 'DELETE', '')),
    route('GET', '/files/{id}/content', files.download()),
    route('POST', '/uploads', files.create('upload')),
    route('POST', '/uploads/{id}/parts', files.ask('upload', 'POST', '/parts')),
    route('POST', '/uploads/{id}/complete', files.ask('upload', 'POST', '/complete')),
    route('POST', '/uploads/{id}/cancel', files.ask('upload', 'POST', '/cancel')),
    route('POST', '/batches', batches.createBatch()),
    route('GET', '/batches', batches.list('batch')),
    route('GET', '/batches/{id}', batches.ask('batch', 'GET', '')),
    route('POST', '/batches/{id}/cancel', batches.ask('batch', 'POST', '/cancel')),
  ];
}

class VendorRoutes {
  readonly #config: FilesConfig;
  readonly #deps: VendorRoutesDeps;
  readonly #providers: VendorProviders;
  readonly #objects: VendorObjects;
  readonly #call: VendorCall;

  constructor(config: FilesConfig, deps: VendorRoutesDeps, providers: VendorProviders) {
    this.#config = config;
    this.#deps = deps;
    this.#providers = providers;
    this.#objects = new VendorObjects(config, { store: deps.store, providers, clock: deps.clock });
    this.#call = new VendorCall(deps);
  }

  create(kind: 'file' | 'upload'): Handler {
    return async (request, exchange) => {
      const { kept, request: read } = kind === 'file' ? await this.#keeperOf(request, exchange) : { kept: undefined, request };
      if (kept !== undefined) return kept.create(read, exchange);
      const provider = this.#providers.choose(read);
      await this.#objects.checkRoom(exchange);
      return this.#make(kind, provider, { request: read, exchange, body: this.#streamed(read) });
    };
  }

  createBatch(): Handler {
    return async (request, exchange) => {
      // Its lines name models of the vendor, which no policy here has seen.
      if (exchange.get(principalFact).models !== undefined)
        throw new GatewayError('model_forbidden', 'this key may use certain models alone, and a batch may name any');
      const bytes = request.body.kind === 'unread' ? await request.body.read(JSON_BYTES_MAX) : new Uint8Array(0);
      const scan = scanBody(bytes);
      CHECK_BATCH(scan);
      const input = await this.#objects
        .holding('file', memberString(scan, 'input_file_id') ?? '', { request, exchange })
        .catch((cause: unknown) => {
          throw cause instanceof GatewayError && cause.code === 'resource_unknown'
            ? new GatewayError('resource_unknown', 'there is no such file', { param: 'input_file_id', cause })
            : cause;
        });
      await this.#objects.checkRoom(exchange);
      return this.#make('batch', input.provider, { request, exchange, body: bytes });
    };
  }

  list(kind: 'file' | 'batch'): Handler {
    const rules = { kind, path: PATHS[kind], ...LISTS[kind], timeoutMs: JSON_TIMEOUT_MS };
    const { store } = this.#deps;
    return async (request, exchange) => {
      const { kept } = this.#deps;
      const wanted = this.#providers.wanted(request);
      if (kept !== undefined && kind === 'file' && wanted !== 'provider') {
        if (wanted !== 'any') return kept.list(request, exchange);
        if (!exchange.get(principalFact).admin) return this.#listBoth(request, exchange, kept);
      }
      if (!exchange.get(principalFact).admin)
        return listOwn(rules, { store, objects: this.#objects, providers: this.#providers, call: this.#call }, { request, exchange });
      // An administrator sees the account as the vendor shows it.
      const provider = this.#providers.choose(request);
      const path = PATHS[kind] + vendorSearch(request.search);
      return (
        await this.#call.json({ provider, method: 'GET', path, body: null, headers: request.headers, timeoutMs: JSON_TIMEOUT_MS }, exchange)
      ).reply;
    };
  }

  /** Something about one object, whose answer says what it is now. */
  ask(kind: VendorObjectKind, method: string, verb: string): Handler {
    return async (request, exchange) => {
      const asked = request.params?.['id'] ?? '';
      const { kept } = this.#deps;
      if (kept !== undefined && kind === 'file' && isKeptFile(asked))
        return method === 'DELETE' ? kept.remove(asked, exchange) : kept.retrieve(asked, exchange);
      const holding = await this.#objects.holding(kind, asked, { request, exchange });
      const { provider, id } = holding;
      const path = `${PATHS[kind]}/${id}${verb}${vendorSearch(request.search)}`;
      const body = method === 'POST' ? this.#streamed(request) : null;
      const timeoutMs = verb === '/parts' ? this.#config.transfer_timeout : JSON_TIMEOUT_MS;
      const { reply, json } = await this.#call.json({ provider, method, path, body, headers: request.headers, timeoutMs }, exchange);
      if (json === undefined ? reply.status === 404 : method === 'DELETE') await this.#objects.gone(holding);
      // A part is not the upload, and has nothing to be asked for.
      else if (json !== undefined && json['id'] === id) await this.#objects.told(kind, json, holding);
      return reply;
    };
  }

  download(): Handler {
    return async (request, exchange) => {
      const asked = request.params?.['id'] ?? '';
      if (this.#deps.kept !== undefined && isKeptFile(asked)) return this.#deps.kept.content(asked, exchange);
      const { provider, id } = await this.#objects.holding('file', asked, { request, exchange });
      const path = `${PATHS.file}/${id}/content${vendorSearch(request.search)}`;
      const call = { provider, method: 'GET', path, body: null, headers: request.headers, timeoutMs: this.#config.transfer_timeout };
      return this.#call.file(call, exchange);
    };
  }

  /** Who keeps a file: what the request names; else its purpose says it, for which the form is read. */
  async #keeperOf(request: GatewayRequest, exchange: Exchange): Promise<{ kept: KeptFiles | undefined; request: GatewayRequest }> {
    const { kept, spools } = this.#deps;
    const wanted = this.#providers.wanted(request);
    if (kept === undefined || wanted === 'provider') return { kept: undefined, request };
    if (wanted !== 'any') return { kept, request };
    const form = await readFileForm(request, exchange, {
      spools,
      keptBytesMax: kept.formBytesMax,
      bytesMax: this.#config.body_bytes_max,
    });
    return { kept: isKeptPurpose(form.purpose, this.#config.keep) ? kept : undefined, request: form.request };
  }

  /** Those that are kept here, and behind them a provider's. */
  async #listBoth(request: GatewayRequest, exchange: Exchange, kept: KeptFiles): Promise<Reply> {
    const given = new URLSearchParams(request.search);
    const after = given.get('after');
    const limit = Number(given.get('limit') ?? LISTS.file.limitDefault);
    const isBehind = after !== null && !isKeptFile(after);
    const own = isBehind ? { files: [], hasMore: false } : await kept.page(request, exchange);
    if (own.hasMore || own.files.length >= limit) return listReply(own.files, true);
    if (!isBehind) given.delete('after');
    given.set('limit', String(limit - own.files.length));
    const { store } = this.#deps;
    const deps = { store, objects: this.#objects, providers: this.#providers, call: this.#call };
    const rules = { kind: 'file', path: PATHS.file, ...LISTS.file, timeoutMs: JSON_TIMEOUT_MS } as const;
    const reply = await listOwn(rules, deps, { request: { ...request, search: `?${given.toString()}` }, exchange });
    if (own.files.length === 0) return reply;
    const { data, has_more } = JSON.parse(typeof reply.body === 'string' ? reply.body : '{}') as {
      data: { id: string }[];
      has_more: boolean;
    };
    return listReply([...own.files, ...data], has_more);
  }

  async #make(
    kind: VendorObjectKind,
    provider: Provider,
    { request, exchange, body }: { request: GatewayRequest; exchange: Exchange; body: Uint8Array | ReadableStream<Uint8Array> | null },
  ): Promise<Reply> {
    const path = PATHS[kind] + vendorSearch(request.search);
    const timeoutMs = body instanceof ReadableStream ? this.#config.transfer_timeout : JSON_TIMEOUT_MS;
    const { reply, json } = await this.#call.json({ provider, method: 'POST', path, body, headers: request.headers, timeoutMs }, exchange);
    if (json !== undefined) await this.#objects.made(kind, json, { owner: ownerOf(exchange), provider });
    return reply;
  }

  /** As it comes: what a caller sends is read no faster than the provider takes it. */
  #streamed({ body }: GatewayRequest): Uint8Array | ReadableStream<Uint8Array> | null {
    if (body.kind === 'unread') return body.stream(this.#config.body_bytes_max);
    return body.kind === 'bytes' ? body.bytes : null;
  }
}

const CHECK_BATCH = createFieldCheck([
  { name: 'input_file_id', kinds: ['string'], required: true, expected: 'the id of a file' },
  { name: 'endpoint', kinds: ['string'], required: true, expected: 'a path such as /v1/chat/completions' },
]);
