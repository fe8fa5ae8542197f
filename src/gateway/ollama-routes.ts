/*
 * Ollama's native API: a client of Ollama that is pointed here works.
 *
 *   generate, embed, embeddings         model routes, like those of any dialect; chat shares its path with another: chat-routes.ts
 *   tags, ps, version                   what all providers that speak the dialect tell, as one; tags has the models of all others, too
 *   show                                asked of the target that would answer, or told from the catalogue where it speaks another dialect
 *   pull, push, create, copy, …         refused: models are managed where they are; a service route may open any of them
 */

import type { Clock } from '../base/clock.ts';
import { GatewayError } from '../base/errors.ts';
import type { Route } from '../edge/route-table.ts';
import type { OperationKind } from '../operations/operation.ts';
import { principalFact } from '../pipeline/facts.ts';
import type { Handler } from '../pipeline/policy.ts';
import type { Reply } from '../pipeline/reply.ts';
import type { Router } from '../routing/router.ts';
import type { ModelList } from '../upstream/model-list.ts';
import { createProviderView } from '../upstream/provider-view.ts';
import type { ServicesConfig } from '../upstream/services-config.ts';
import type { Upstream } from '../upstream/upstream.ts';
import type { ExampleModels } from './example-models.ts';
import type { DescribeModel } from './model-description.ts';
import { createNaming, parseRows } from './ollama-models.ts';
import { createShow } from './ollama-show.ts';

export interface OllamaRoutesDeps {
  readonly router: Router;
  readonly upstream: Upstream;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  /** Answers the model routes. */
  readonly call: Handler;
  readonly list: ModelList;
  /** What the catalogue knows of a model. */
  readonly describe: DescribeModel;
  /** Models that the documentation may name. */
  readonly examples: ExampleModels;
}

const DIALECT = 'ollama';
const PREFIX = '/api';

/** What its model routes ask, beside the chat. */
export type OllamaForm = 'generate' | 'embed' | 'embeddings';

const MODEL_ROUTES: readonly { readonly form: OllamaForm; readonly operation: OperationKind }[] = [
  { form: 'generate', operation: 'completion' },
  { form: 'embed', operation: 'embed' },
  { form: 'embeddings', operation: 'embed' },
];

/** What changes an Ollama server, or reads its files. */
const MANAGING_ROUTES: readonly { readonly method: string; readonly pattern: string }[] = [
  { method: 'POST', pattern: `${PREFIX}/pull` },
  { method: 'POST', pattern: `${PREFIX}/push` },
  { method: 'POST', pattern: `${PREFIX}/create` },
  { method: 'POST', pattern: `${PREFIX}/copy` },
  { method: 'DELETE', pattern: `${PREFIX}/delete` },
  { method: '*', pattern: `${PREFIX}/blobs/*` },
];

/** Models come and go, but not by the second; what runs does. */
const TAGS_FRESH_MS = 30_000;
const PS_FRESH_MS = 1_000;
const VERSION_FRESH_MS = 30_000;

/** The version of Ollama whose API this is. Told when no server is there to tell its own. */
const API_VERSION = '0.12.0';

export function createOllamaRoutes(services: ServicesConfig, deps: OllamaRoutesDeps): Route[] {
  return [
    ...MODEL_ROUTES.map(
      ({ form, operation }): Route => ({
        pattern: `${PREFIX}/${form}`,
        methods: ['POST'],
        kind: 'model',
        access: 'key',
        dialect: DIALECT,
        operation,
        form,
        handler: deps.call,
        docs: async () => (await import('./ollama-docs.ts')).ollamaModelDocs(form, deps.examples),
      }),
    ),
    ...createListRoutes(deps),
    system(`${PREFIX}/show`, 'POST', {
      handler: createShow({ dialect: DIALECT, path: '/show' }, deps),
      docs: async () => (await import('./ollama-docs.ts')).showDocs(deps.examples),
    }),
    ...createManagingRoutes(services),
  ];
}

function createListRoutes(deps: OllamaRoutesDeps): Route[] {
  const naming = createNaming(deps.router, { dialect: DIALECT, startedAt: new Date(deps.clock.now()).toISOString() });
  const tags = createProviderView({ dialect: DIALECT, path: '/tags', freshMs: TAGS_FRESH_MS, parse: parseRows }, deps);
  const running = createProviderView({ dialect: DIALECT, path: '/ps', freshMs: PS_FRESH_MS, parse: parseRows }, deps);
  const versions = createProviderView({ dialect: DIALECT, path: '/version', freshMs: VERSION_FRESH_MS, parse: parseVersion }, deps);
  return [
    system(`${PREFIX}/tags`, 'GET', {
      handler: async (_request, exchange) => {
        const [told, all] = await Promise.all([tags.read(), deps.list.list(exchange.signal)]);
        const others = all.map(({ id }) => id);
        return json({ models: naming.list(told, exchange.get(principalFact), others) });
      },
      docs: async () => (await import('./ollama-docs.ts')).TAGS_DOCS,
    }),
    system(`${PREFIX}/ps`, 'GET', {
      handler: async (_request, exchange) => json({ models: naming.rename(await running.read(), exchange.get(principalFact)) }),
      docs: async () => (await import('./ollama-docs.ts')).PS_DOCS,
    }),
    system(`${PREFIX}/version`, 'GET', {
      handler: async () => json({ version: lowestVersion((await versions.read()).map(({ answer }) => answer)) }),
      docs: async () => (await import('./ollama-docs.ts')).VERSION_DOCS,
    }),
  ];
}

/** A service that is given one of these paths has it: an operator who forwards it knows what it does. */
function createManagingRoutes(services: ServicesConfig): Route[] {
  const claimed = new Set(Object.values(services).flatMap(({ routes }) => routes));
  return MANAGING_ROUTES.flatMap(({ method, pattern }) => {
    const isClaimed = [...claimed].some((route) => route === pattern || route.endsWith(` ${pattern}`));
    return isClaimed
      ? []
      : [system(pattern, method, { handler: refuseManaging, docs: async () => (await import('./ollama-docs.ts')).MANAGING_DOCS })];
  });
}

const refuseManaging: Handler = async (request) => {
  throw new GatewayError(
    'access_denied',
    `models are not managed through this gateway: ${request.method} ${request.path.slice(0, 100)} is not served. Ask who runs it, or do it at the Ollama server itself`,
  );
};

function system(pattern: string, method: string, answer: Pick<Route, 'handler' | 'docs'>): Route {
  return { pattern, methods: [method], kind: 'system', access: 'key', dialect: DIALECT, ...answer };
}

function json(value: unknown): Reply {
  return { status: 200, headers: { 'content-type': 'application/json; charset=utf-8' }, body: JSON.stringify(value) };
}

function parseVersion(value: unknown): string {
  const version = (value as { version?: unknown } | null)?.version;
  if (typeof version !== 'string' || !/^\d+\.\d+/.test(version)) throw new Error('the reply has no version');
  return version.slice(0, 100);
}

/** Clients ask in order to know what they may send, and it may go to any of these servers. */
export function lowestVersion(versions: readonly string[]): string {
  const [first = API_VERSION, ...others] = versions;
  return others.reduce((lowest, version) => (isLower(version, lowest) ? version : lowest), first);
}

function isLower(version: string, than: string): boolean {
  const [ours, theirs] = [version, than].map((text) => (text.match(/\d+/g) ?? []).slice(0, 3).map(Number));
  for (let index = 0; index < 3; index += 1) {
    const difference = (ours?.[index] ?? 0) - (theirs?.[index] ?? 0);
    if (difference !== 0) return difference < 0;
  }
  return false;
}
