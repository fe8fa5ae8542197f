/*
 * Responses that a provider keeps: read, deleted, called off. They are asked of the provider that is known to have answered; where nothing is known (it was
 * forgotten, or the response was made elsewhere with the same credential) of each provider that speaks the dialect, in the order of the file, until one knows
 * it. One that is known to be somebody else's is not there.
 */

import type { Clock } from '../base/clock.ts';
import { GatewayError } from '../base/errors.ts';
import { NAME } from '../dialects/openai-responses/name.ts';
import type { Exchange } from '../pipeline/exchange.ts';
import { type Principal, principalFact, upstreamFact } from '../pipeline/facts.ts';
import type { Handler } from '../pipeline/policy.ts';
import type { Reply } from '../pipeline/reply.ts';
import type { GatewayRequest } from '../pipeline/request.ts';
import { dialectBase, type SpokenDialect } from '../providers/provider.ts';
import { openGroup, type Provider, type Router, spokenBy } from '../routing/router.ts';
import { UpstreamCallError } from '../upstream/call-error.ts';
import { classifyStatus } from '../upstream/classify.ts';
import { passThrough } from '../upstream/pass-through.ts';
import type { StreamWatch } from '../upstream/stream-watch.ts';
import type { Upstream, UpstreamReply } from '../upstream/upstream.ts';
import type { ResponsesMemory } from './responses-memory.ts';

export interface StoredDeps {
  readonly router: Router;
  readonly upstream: Upstream;
  readonly memory: ResponsesMemory;
  readonly clock: Clock;
  readonly watch: StreamWatch;
  /** Of each provider that is asked, in milliseconds. */
  readonly timeoutMs: number;
}

const WHOLE_BYTES_MAX = 1_048_576;
const DONE = 200;
const NOT_FOUND = 404;
/** Ids are letters, digits, `_` and `-`; whatever else a caller writes there is no id. */
const ID = /^[\w-]{1,200}$/;

/** `suffix`: what stands after the id in the path (`/cancel`). */
export function createStoredCall(suffix: string, deps: StoredDeps): Handler {
  const speakers = [...deps.router.providers.values()].flatMap((provider) => {
    const spoken = spokenBy(provider, NAME);
    return spoken === undefined ? [] : [{ provider, spoken }];
  });
  return async (request, exchange) => {
    const id = request.params?.['id'] ?? '';
    if (!ID.test(id)) throw unknown(id);
    const found = await deps.memory.find(id, exchange.get(principalFact));
    if (found === 'foreign') throw unknown(id);
    if (found?.kind === 'conversation') return kept(id, request, { suffix, memory: deps.memory, principal: exchange.get(principalFact) });
    const asked = found === undefined ? speakers : speakers.filter(({ provider }) => provider.name === found.provider);
    let last: UpstreamReply | undefined;
    for (const speaker of asked) {
      if (last !== undefined) discard(last);
      last = await ask(speaker, `/responses/${id}${suffix}${request.search}`, { request, exchange, deps });
      if (last.status !== NOT_FOUND) break;
    }
    if (last === undefined) throw unknown(id);
    exchange.set(upstreamFact, { target: last.candidate.name, provider: last.candidate.name, attempts: last.attempts });
    if (request.method === 'DELETE' && last.status === DONE) await deps.memory.forget(id, exchange.get(principalFact));
    return replyOf(last, exchange, deps);
  };
}

interface Asking {
  readonly request: GatewayRequest;
  readonly exchange: Exchange;
  readonly deps: StoredDeps;
}

interface Speaker {
  readonly provider: Provider;
  readonly spoken: SpokenDialect;
}

function ask({ provider, spoken }: Speaker, path: string, { request, exchange, deps }: Asking): Promise<UpstreamReply> {
  const headers = {
    accept: request.headers.get('accept') ?? 'application/json',
    'accept-encoding': 'identity',
    ...(request.method === 'POST' ? { 'content-type': 'application/json' } : {}),
    ...deps.router.credentialOf(provider),
  };
  return deps.upstream
    .call({
      candidates: [
        {
          name: provider.name,
          group: openGroup(provider),
          expect: { kind: 'pass', wholeBytesMax: WHOLE_BYTES_MAX },
          classify: classifyStatus,
          prepare: (baseUrl) => ({
            url: dialectBase(provider.definition, spoken, baseUrl) + path,
            method: request.method,
            headers,
            body: request.method === 'POST' ? EMPTY : null,
          }),
        },
      ],
      signal: exchange.signal,
      totalTimeoutMs: deps.timeoutMs,
      firstTokenTimeoutMs: deps.timeoutMs,
      replayable: request.method !== 'POST',
    })
    .catch((cause: unknown) => {
      if (cause instanceof UpstreamCallError)
        exchange.set(upstreamFact, { target: provider.name, provider: provider.name, attempts: cause.attempts });
      throw cause;
    });
}

/** Nobody will read it. */
function discard({ body }: Pick<UpstreamReply, 'body'>): void {
  if (body.kind === 'whole') return;
  if (body.reader !== undefined) body.abort(new GatewayError('client_closed', 'the reply is not read'));
  body.settle('cancelled');
}

const EMPTY = Buffer.from('{}');

function replyOf({ status, headers, body }: UpstreamReply, exchange: Exchange, deps: StoredDeps): Reply {
  // The credential is ours: that it is refused is none of the caller's fault.
  if (status === 401 || status === 403) {
    discard({ body });
    throw new GatewayError('upstream_credentials', 'the upstream refused the credential of the gateway');
  }
  const told = { status, headers: { 'content-type': headers.get('content-type') ?? 'application/json' } };
  if (body.kind === 'whole') return { ...told, body: body.bytes };
  return { ...told, body: passThrough(deps, { exchange, body, status, idleTimeoutMs: deps.timeoutMs }) };
}

/** A conversation that only the gateway has can be forgotten; nobody keeps the response itself. */
async function kept(
  id: string,
  { method }: GatewayRequest,
  { suffix, memory, principal }: { readonly suffix: string; readonly memory: ResponsesMemory; readonly principal: Principal },
): Promise<Reply> {
  if (method !== 'DELETE' || suffix !== '') {
    throw new GatewayError(
      'feature_unsupported',
      `The response '${id}' came from a model that keeps no responses: it can be gone on from with previous_response_id, or deleted, and nothing else.`,
    );
  }
  await memory.forget(id, principal);
  return {
    status: DONE,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ id, object: 'response.deleted', deleted: true }),
  };
}

function unknown(id: string): GatewayError {
  return new GatewayError('resource_unknown', `Response with id '${id.slice(0, 100)}' not found.`, { param: 'id' });
}
