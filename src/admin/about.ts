import type { Route } from '../edge/route-table.ts';
import type { Handler } from '../pipeline/policy.ts';
import { jsonReply } from './json-reply.ts';

export interface AboutDeps {
  readonly serviceName: string;
  readonly version: string;
  /** Paths worth knowing, by what they are. */
  readonly links: Readonly<Record<string, string>>;
}

/** `/`: what answers here, and where to go on. */
export function createAboutRoute(deps: AboutDeps): Route {
  const about = jsonReply(200, {
    name: 'Gatehouse',
    service: deps.serviceName,
    version: deps.version,
    description: 'AI gateway: one front door to models and AI services.',
    status: 'running',
    links: deps.links,
  });
  const handler: Handler = async () => about;
  return { pattern: '/', methods: ['GET'], kind: 'system', access: 'public', dialect: 'service', handler };
}
