import { wholeReply } from './delivery.ts';
import { FAILURE_IN_BAND, failureBody } from './failures.ts';
import type { Faults } from './faults.ts';
import { JSON_HEADERS } from './openai-shapes.ts';
import { hash } from './text.ts';
import type { Visit } from './visit.ts';

export interface ServiceReply {
  readonly value: unknown;
  /** Tokens that were generated, and are waited for as the pace says. Default 0: nothing was. */
  readonly tokenCount?: number;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A JSON answer that is there at once unless it counts tokens, delivered as the faults say. */
export function jsonReply(visit: Visit, faults: Faults, reply: ServiceReply): Promise<Response> {
  const whole = {
    headers: { ...JSON_HEADERS, ...reply.headers },
    seed: hash(visit.path, visit.world.options.seed),
    tokenCount: reply.tokenCount ?? 0,
    body: JSON.stringify(reply.value),
    failure: failureBody(FAILURE_IN_BAND, visit.shape),
  };
  return wholeReply(whole, faults, visit);
}
