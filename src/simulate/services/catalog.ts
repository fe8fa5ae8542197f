/*
 * Every simulated AI service: its name at the gateway, the variable that says where it is, and what it answers. All of them on one port
 * are told apart by path; where two share one (the agent controller and the knowledge system), the first in this table answers.
 */
import type { ServiceAnswerer } from './ask.ts';
import { askAgent, askKnowledge, chatWithTwin, searchNotes, status, talk } from './assistant.ts';
import { converse, forecastDemand, quote, recommend, scoreFraud, searchGoods, seePicture } from './shop.ts';

export interface SimulatedService {
  /** As the gateway calls it. */
  readonly name: string;
  /** The environment variable that tells the gateway where it is. */
  readonly variable: string;
  /** By `METHOD /path`. */
  readonly paths: Readonly<Record<string, ServiceAnswerer>>;
  /** What its health and its inference call it, where that is not its name. */
  readonly calledAs?: string;
}

export const SERVICES: readonly SimulatedService[] = [
  microservice('RECOMMENDATION_SERVICE_URL', 'recommendation-service', {
    segment: 'recommendations',
    action: 'personalized',
    answer: recommend,
  }),
  microservice('SEARCH_SERVICE_URL', 'search-service', { segment: 'search', action: 'query', answer: searchGoods }),
  microservice('PRICING_SERVICE_URL', 'pricing-service', { segment: 'pricing', action: 'quote', answer: quote }),
  microservice('CHATBOT_SERVICE_URL', 'chatbot-service', { segment: 'chat', action: 'message', answer: converse }),
  microservice('FRAUD_SERVICE_URL', 'fraud-service', { segment: 'fraud', action: 'score', answer: scoreFraud }),
  microservice('FORECAST_SERVICE_URL', 'forecast-service', { segment: 'forecast', action: 'demand', answer: forecastDemand }),
  microservice('VISION_SERVICE_URL', 'vision-service', { segment: 'vision', action: 'classify', answer: seePicture }),
  // Both answer `POST /infer`, as every simulator does.
  { name: 'python', variable: 'PY_SERVICE_URL', paths: {}, calledAs: 'service-python' },
  { name: 'node', variable: 'NODE_SERVICE_URL', paths: {}, calledAs: 'service-node' },
  {
    name: 'stillme',
    variable: 'STILLME_BACKEND',
    paths: { 'POST /api/search': searchNotes, 'POST /api/chat': talk, 'GET /api/status': status },
  },
  { name: 'twin', variable: 'TWIN_URL', paths: { 'POST /v1/chat': chatWithTwin } },
  { name: 'agent_controller', variable: 'AGENT_CONTROLLER_URL', paths: { 'POST /v1/query': askAgent } },
  { name: 'knowledge_system', variable: 'KNOWLEDGE_SYSTEM_URL', paths: { 'POST /v1/query': askKnowledge } },
];

export const SERVICE_NAMES: readonly string[] = SERVICES.map(({ name }) => name);

/** What one service answers, or all of them together where `name` is undefined. Throws for a name that is not in the table. */
export function pathsOf(name: string | undefined): ReadonlyMap<string, ServiceAnswerer> {
  const meant = name === undefined ? SERVICES : SERVICES.filter((service) => service.name === name);
  if (meant.length === 0) throw new Error(`there is no simulated service '${name}'`);
  const paths = new Map<string, ServiceAnswerer>();
  for (const service of meant) for (const [path, answer] of Object.entries(service.paths)) if (!paths.has(path)) paths.set(path, answer);
  return paths;
}

/** What a simulator calls itself. */
export function callName(name: string | undefined): string {
  return SERVICES.find((service) => service.name === name)?.calledAs ?? name ?? 'simulator';
}

interface Microservice {
  /** `/api/v1/{segment}`, and `/{action}` below it, which is the same. */
  readonly segment: string;
  readonly action: string;
  readonly answer: ServiceAnswerer;
}

function microservice(variable: string, name: string, { segment, action, answer }: Microservice): SimulatedService {
  const path = `POST /api/v1/${segment}`;
  return { name, variable, paths: { [path]: answer, [`${path}/${action}`]: answer } };
}
