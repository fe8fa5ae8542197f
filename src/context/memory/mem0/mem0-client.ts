/* Asking a Mem0: each call has a deadline, and a server that fails is not asked for a while. */

import type { Clock } from '../../../base/clock.ts';
import { GatewayError } from '../../../base/errors.ts';
import { createGuard, GUARD_DEFAULTS, type Guard, type StoreFault } from '../../../stores/guard.ts';
import type { Mem0Config } from './mem0-config.ts';
import { isJson, unusable } from './mem0-reading.ts';
import type { Mem0Request, Mem0Wire } from './mem0-wire.ts';

/** Sends one request; resolves with what came back, whatever its status. Rejects when nothing did. */
export type Mem0Send = (
  request: {
    readonly method: string;
    readonly path: string;
    readonly headers: Readonly<Record<string, string>>;
    readonly body: string | undefined;
  },
  timeoutMs: number,
) => Promise<{ readonly status: number; readonly text: string }>;

export interface Mem0ClientDeps {
  readonly send: Mem0Send;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
}

const CALLS_MAX = 1_000;
const NOT_FOUND = 404;

type Outcome = { readonly status: number; readonly text: string } | StoreFault;

export class Mem0Client {
  readonly #config: Pick<Mem0Config, 'timeout' | 'write_timeout'>;
  readonly #wire: Mem0Wire;
  readonly #send: Mem0Send;
  readonly #reads: Guard;
  readonly #writes: Guard;

  constructor(config: Pick<Mem0Config, 'timeout' | 'write_timeout'>, wire: Mem0Wire, { send, clock, random }: Mem0ClientDeps) {
    this.#config = config;
    this.#wire = wire;
    this.#send = send;
    // A model that is slow to draw facts is no reason to stop reading.
    this.#reads = createGuard({ ...GUARD_DEFAULTS, callsMax: CALLS_MAX, deadlineMs: config.timeout }, { clock, random });
    this.#writes = createGuard({ ...GUARD_DEFAULTS, callsMax: CALLS_MAX, deadlineMs: config.write_timeout }, { clock, random });
  }

  /** The answer's JSON; undefined for a 404. Throws `request_invalid` for what it refuses, and `storage_unavailable` for all else. */
  async ask(request: Mem0Request): Promise<unknown> {
    const isSlow = request.isSlow === true;
    const timeoutMs = isSlow ? this.#config.write_timeout : this.#config.timeout;
    const headers = { accept: 'application/json', 'accept-encoding': 'identity', ...this.#wire.headers };
    const body = request.body === undefined ? undefined : JSON.stringify(request.body);
    const sent = {
      method: request.method,
      path: request.path,
      headers: body === undefined ? headers : { ...headers, 'content-type': 'application/json' },
      body,
    };
    const call = async (): Promise<Outcome> => {
      const answer = await this.#send(sent, timeoutMs);
      if (answer.status >= 500) throw new Error(`it answered ${answer.status}`);
      return answer;
    };
    const outcome = await (isSlow ? this.#writes : this.#reads).run<Outcome>(call, (fault) => fault);
    if (typeof outcome === 'string') throw new GatewayError('storage_unavailable', FAULTS[outcome], { retryAfterMs: 1_000 });
    return readAnswer(outcome);
  }
}

const FAULTS: Readonly<Record<StoreFault, string>> = {
  open: 'the memory server has failed, and is not asked for a while',
  busy: 'too many ask the memory server at once',
  timeout: 'the memory server did not answer in time',
  error: 'the memory server failed',
};

function readAnswer({ status, text }: { readonly status: number; readonly text: string }): unknown {
  if (status === NOT_FOUND) return undefined;
  if (status === 401 || status === 403) throw new GatewayError('storage_unavailable', 'the memory server refused the key of the gateway');
  if (status === 429) throw new GatewayError('storage_unavailable', 'the memory server is asked too often', { retryAfterMs: 5_000 });
  if (status >= 400) throw new GatewayError('request_invalid', `the memory server refused it${reasonOf(text)}`);
  if (status === 204 || text === '') return {};
  if (status >= 300) throw unusable();
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    throw new GatewayError('storage_unavailable', 'the memory server answered something that cannot be used', { cause });
  }
}

const REASON_CHARS_MAX = 200;

function reasonOf(text: string): string {
  try {
    const json: unknown = JSON.parse(text);
    const reason = isJson(json) ? (json['detail'] ?? json['error'] ?? json['message']) : undefined;
    return typeof reason === 'string' ? `: ${reason.slice(0, REASON_CHARS_MAX)}` : '';
  } catch {
    return '';
  }
}
