/*
 * `/__sim/*`: what tests ask and tell a running simulator.
 *
 *   GET  /__sim/requests[?path=/v1/]   the last requests, oldest first
 *   GET  /__sim/stats                  totals, and how many requests are open now
 *   POST /__sim/fault                  {"fault": "status=503", "path": "/v1/"}: from now on; {"fault": ""} takes all of them back
 *   POST /__sim/reset                  forgets requests, totals, counts of `times`, files, batches, and faults set here
 */
import { GatewayError } from '../base/errors.ts';
import { isObject } from './json-instance.ts';
import type { Recorder } from './recorder.ts';
import type { World } from './visit.ts';

/** Rules that hold at once: a test sets one or two. */
const RULES_MAX = 100;

export const CONTROL_PREFIX = '/__sim/';

/** Throws `request_invalid` for a fault text nobody knows. */
export async function control(
  request: Request,
  path: string,
  parts: { readonly world: World; readonly recorder: Recorder },
): Promise<Response> {
  const { world, recorder } = parts;
  switch (`${request.method} ${path.slice(CONTROL_PREFIX.length)}`) {
    case 'GET requests': {
      const prefix = new URL(request.url).searchParams.get('path') ?? '';
      return Response.json({ requests: recorder.list().filter((record) => record.path.startsWith(prefix)) });
    }
    case 'GET stats':
      return Response.json(recorder.stats());
    case 'POST reset':
      recorder.reset();
      world.counter.reset();
      world.loaded.clear();
      world.prefixes.clear();
      world.responses.clear();
      world.stored.clear();
      world.rules = [];
      return Response.json({ ok: true });
    case 'POST fault': {
      const body: unknown = await request.json();
      setFault(body, world);
      return Response.json({ faults: world.rules });
    }
    default:
      return Response.json({ detail: 'no such control route' }, { status: 404 });
  }
}

function setFault(body: unknown, world: World): void {
  const fault = isObject(body) ? body['fault'] : undefined;
  const path = isObject(body) ? (body['path'] ?? '/') : '/';
  if (typeof fault !== 'string' || typeof path !== 'string')
    throw new GatewayError('request_invalid', 'expected {"fault": "…", "path"?: "/…"}');
  if (fault === '') {
    world.rules = [];
    return;
  }
  world.counter.parse(fault);
  if (world.rules.length >= RULES_MAX) throw new GatewayError('request_invalid', `at most ${RULES_MAX} faults at once`);
  world.rules = [...world.rules.filter((rule) => rule.path !== path), { path, fault }];
}
