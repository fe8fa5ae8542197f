/*
 * Variables that name the AI services of the older gateways, with the routes that each had there.
 */

import { isTree, type Tree, valueAt } from './config-path.ts';
import type { EnvironmentVariable, ReadContext, Reading, VariableOrigin } from './environment.ts';

interface ServiceVariable {
  readonly name: string;
  readonly origin: VariableOrigin;
  readonly service: string;
  readonly what: string;
  readonly routes: readonly string[];
  /** Path at the service, where it is not the route's. */
  readonly rewrite?: string;
  /** The variable of the service that is asked when this one has failed. */
  readonly fallback?: string;
  /** It only computes, so it may be asked twice. */
  readonly replayable?: boolean;
  /** Asked once and no more, where asking twice may do something twice; its fallback is asked all the same. */
  readonly once?: boolean;
  /** What it answers where this other service is configured neither here nor in the file. */
  readonly insteadOf?: string;
  /** Limits that its gateway documented, unless the file has limits of routes. */
  readonly limits?: readonly object[];
}

/** What an older gateway's services answer to whoever asks for their health. One that has no such page answers 404, and is alive. */
const HEALTH = { path: '/health', accept: 'below_500' };

const SERVICES: readonly ServiceVariable[] = [
  microservice('RECOMMENDATION_SERVICE_URL', 'recommendation-service', 'recommendations'),
  microservice('SEARCH_SERVICE_URL', 'search-service', 'search'),
  microservice('PRICING_SERVICE_URL', 'pricing-service', 'pricing'),
  microservice('CHATBOT_SERVICE_URL', 'chatbot-service', 'chat'),
  microservice('FRAUD_SERVICE_URL', 'fraud-service', 'fraud'),
  microservice('FORECAST_SERVICE_URL', 'forecast-service', 'forecast'),
  microservice('VISION_SERVICE_URL', 'vision-service', 'vision'),
  inference('PY_SERVICE_URL', 'python', 'NODE_SERVICE_URL'),
  inference('NODE_SERVICE_URL', 'node', 'PY_SERVICE_URL'),
  {
    name: 'STILLME_BACKEND',
    origin: 'StillMe',
    service: 'stillme',
    what: 'StillMe backend',
    routes: ['/api/*'],
    limits: [
      { match: '/api/chat', per_second: 10, by: 'ip' },
      { match: '/api/search', per_second: 5, by: 'ip' },
      { match: '/api/*', per_second: 100, by: 'ip' },
    ],
  },
  { name: 'TWIN_URL', origin: 'AIVillage', service: 'twin', what: 'Twin service', routes: ['POST /v1/chat'] },
  {
    name: 'AGENT_CONTROLLER_URL',
    origin: 'AIVillage',
    service: 'agent_controller',
    what: 'agent controller',
    routes: ['POST /v1/query'],
    fallback: 'KNOWLEDGE_SYSTEM_URL',
    once: true,
  },
  {
    name: 'KNOWLEDGE_SYSTEM_URL',
    origin: 'AIVillage',
    service: 'knowledge_system',
    what: 'knowledge system',
    routes: ['POST /v1/query'],
    insteadOf: 'AGENT_CONTROLLER_URL',
    replayable: true,
  },
];

function microservice(name: string, service: string, segment: string): ServiceVariable {
  const routes = [`POST /api/v1/${segment}/*`];
  return { name, origin: 'AI microservices', service, what: service.replace('-', ' '), routes, replayable: true };
}

function inference(name: string, service: string, fallback: string): ServiceVariable {
  const routes = [`POST /infer/${service}`];
  return {
    name,
    origin: 'high-performance',
    service,
    what: `inference service in ${service}`,
    routes,
    rewrite: '/infer',
    fallback,
    replayable: true,
  };
}

export function serviceVariables(): EnvironmentVariable[] {
  return SERVICES.map((row) => ({
    name: row.name,
    origins: [row.origin],
    paths: [`services.${row.service}`],
    description: describe(row),
    read: (text, context) => readService(row, text, context),
  }));
}

function describe({ what, routes, insteadOf, limits }: ServiceVariable): string {
  const place = `Where the ${what} is, for ${routes.map((route) => `\`${route}\``).join(' and ')}`;
  const when = insteadOf === undefined ? '' : `: after \`${insteadOf}\` has failed, or in its place where that is not set`;
  const brings = limits === undefined ? '' : ` Brings its limits per address, unless the file has \`limits.routes\`.`;
  return `${place}${when}. Several addresses are separated by commas.${brings}`;
}

function readService(row: ServiceVariable, text: string, { environment, tree }: ReadContext): Reading {
  const urls = text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
  // A service of the file that has this name, or answers these routes, only gets the address: the file knows the rest.
  const known = serviceInFile(row, tree);
  if (known !== undefined) return [{ path: ['services', known, 'urls'], value: urls }];
  const fallback = SERVICES.find(({ name }) => name === row.fallback && (environment[name] ?? '') !== '');
  const service = {
    urls,
    routes: isSpare(row, { environment, tree }) ? [] : [...row.routes],
    ...(row.rewrite === undefined ? {} : { rewrite: row.rewrite }),
    ...(fallback === undefined ? {} : { fallback: serviceInFile(fallback, tree) ?? fallback.service }),
    ...(row.replayable === true || row.once === true ? { replayable: true } : {}),
    ...(row.once === true ? { retries: { attempts_max: 1 } } : {}),
    health: HEALTH,
  };
  const limits = row.limits === undefined || valueAt(tree, ['limits', 'routes']) !== undefined ? [] : [...row.limits];
  return [
    { path: ['services', row.service], value: service },
    ...(limits.length === 0 ? [] : [{ path: ['limits', 'routes'], value: limits }]),
  ];
}

/** Whether another service has its routes, and this one is only asked after it. */
function isSpare(row: ServiceVariable, { environment, tree }: Pick<ReadContext, 'environment' | 'tree'>): boolean {
  const first = SERVICES.find(({ name }) => name === row.insteadOf);
  return first !== undefined && ((environment[first.name] ?? '').trim() !== '' || serviceInFile(first, tree) !== undefined);
}

function serviceInFile(row: ServiceVariable, tree: Tree): string | undefined {
  const services = valueAt(tree, ['services']);
  if (!isTree(services)) return undefined;
  if (Object.hasOwn(services, row.service)) return row.service;
  // Two rows may share a route: then only the first is looked for by it, and what bears another row's name is that one.
  if (row.insteadOf !== undefined) return undefined;
  return Object.keys(services).find((name) => {
    if (SERVICES.some(({ service }) => service === name)) return false;
    const routes = valueAt(services, [name, 'routes']);
    return Array.isArray(routes) && routes.some((route: unknown) => row.routes.some((known) => known === route));
  });
}
