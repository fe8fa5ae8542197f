/*
 * Input screening: looks for SQL injection, for script and for bodies that are not what they say, in what a caller sends to a
 * service. It changes no byte.
 *
 *   report   the body goes on as it comes, and what went by is looked at behind it: nothing waits
 *   block    up to `body_bytes_max` is held back until it was looked at, then goes on as it was
 */

import { screeningFact } from '../../pipeline/facts.ts';
import type { Policy } from '../../pipeline/policy.ts';
import type { GatewayRequest, RequestBody } from '../../pipeline/request.ts';
import { beginningOf, watched } from './body-flow.ts';
import { bodyShape } from './screen-body.ts';
import type { ScreeningConfig } from './screen-config.ts';
import { createScreenRules } from './screen-rules.ts';
import { Screening, type ScreeningDeps } from './screening.ts';

export interface ScreenDeps extends ScreeningDeps {
  /** Largest body of a service route. */
  readonly serviceBodyBytesMax: number;
}

/** Screens requests where the configuration says so; elsewhere there is no layer. */
export function createScreen(config: ScreeningConfig, deps: ScreenDeps): Policy {
  const rulesOf = createScreenRules(config);
  return {
    name: 'screen',
    stage: 'inspect',
    writes: [screeningFact],
    layer: (route) => {
      const find = rulesOf(route);
      if (find === undefined) return undefined;
      return (next) => async (request, exchange) => {
        const rule = find(request.path);
        if (rule.isOff) return next(request, exchange);
        const screening = new Screening({ rule, exchange, config }, deps);
        screening.head(request);
        const body = await screenBody(request, { screening, config, deps });
        return next(body === request.body ? request : { ...request, body }, exchange);
      };
    },
  };
}

interface BodyContext {
  readonly screening: Screening;
  readonly config: ScreeningConfig;
  readonly deps: ScreenDeps;
}

/** The body as it is to go on. */
async function screenBody(request: GatewayRequest, { screening, config, deps }: BodyContext): Promise<RequestBody> {
  const { body, headers } = request;
  if (body.kind === 'none') return body;
  const shape = bodyShape(headers.get('content-type'));
  screening.contentType(shape);
  if (shape.kind === 'none') return body;
  const coding = headers.get('content-encoding');
  if (coding !== null && coding.toLowerCase() !== 'identity') {
    screening.unscreened('the body is compressed, which is not screened', 'content_encoding_unsupported');
    return body;
  }
  const bytesMax = config.body_bytes_max;
  const look = (bytes: Uint8Array, isWhole: boolean) => screening.body(bytes, shape, isWhole);
  if (body.kind === 'bytes') {
    look(body.bytes.subarray(0, bytesMax), body.bytes.length <= bytesMax);
    return body;
  }
  if (!Object.values(screening.rule.modes).includes('block')) return watched(body, bytesMax, look);
  if (body.length !== undefined && body.length > bytesMax && screening.rule.refusesUnscreened) look(NOTHING, false);
  const beginning = await beginningOf(body, bytesMax, deps.serviceBodyBytesMax);
  try {
    look(beginning.bytes.subarray(0, bytesMax), beginning.isWhole);
  } catch (error) {
    await beginning.drop();
    throw error;
  }
  return beginning.body;
}

const NOTHING = new Uint8Array(0);
