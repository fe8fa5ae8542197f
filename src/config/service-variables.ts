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
}

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
  { name: 'STILLME_BACKEND', origin: 'StillMe', service: 'stillme', what: 'StillMe backend', routes: ['/api/*'] },
  { name: 'TWIN_URL', origin: 'AIVillage', service: 'twin', what: 'Twin service', routes: ['POST /v1/chat'] },
  {
    name: 'AGENT_CONTROLLER_URL',
    origin: 'AIVillage',
    service: 'agent_controller',
    what: 'agent controller',
    routes: ['POST /v1/query'],
    fallback: 'KNOWLEDGE_SYSTEM_URL',
  },
  { name: 'KNOWLEDGE_SYSTEM_URL', origin: 'AIVillage', service: 'knowledge_system', what: 'knowledge system', routes: [] },
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
    description: `Where the ${row.what} is${row.routes.length === 0 ? '' : `, for ${row.routes.map((route) => `\`${route}\``).join(' and ')}`}. Several addresses are separated by commas.`,
    read: (text, context) => readService(row, text, context),
  }));
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
  return [
    {
      path: ['services', row.service],
      value: {
        urls,
        routes: [...row.routes],
        ...(row.rewrite === undefined ? {} : { rewrite: row.rewrite }),
        ...(fallback === undefined ? {} : { fallback: serviceInFile(fallback, tree) ?? fallback.service }),
        ...(row.replayable === true ? { replayable: true } : {}),
      },
    },
  ];
}

function serviceInFile(row: ServiceVariable, tree: Tree): string | undefined {
  const services = valueAt(tree, ['services']);
  if (!isTree(services)) return undefined;
  if (Object.hasOwn(services, row.service)) return row.service;
  return Object.keys(services).find((name) => {
    const routes = valueAt(services, [name, 'routes']);
    return Array.isArray(routes) && routes.some((route: unknown) => row.routes.some((known) => known === route));
  });
}
