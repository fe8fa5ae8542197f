/*
 * The innermost handler of a route that is asked for a WebSocket and hands it on: plan, open a socket to one of the targets, and join the two. Until the
 * target's socket is open the caller is answered in HTTP, so another target can take over, and a refusal has a status.
 */

import type { Clock } from '../base/clock.ts';
import { offeredProtocols } from '../base/credential-headers.ts';
import { GatewayError } from '../base/errors.ts';
import type { Dialect } from '../dialects/dialect.ts';
import type { DialectSockets } from '../dialects/dialect-socket.ts';
import type { Operation } from '../operations/operation.ts';
import type { Exchange } from '../pipeline/exchange.ts';
import type { Handler } from '../pipeline/policy.ts';
import type { Reply } from '../pipeline/reply.ts';
import type { Plan } from '../routing/plan.ts';
import type { Router } from '../routing/router.ts';
import { noteAnswer, noteFailure } from './answered.ts';
import { UpstreamCallError } from './call-error.ts';
import type { RealtimeConfig } from './realtime-config.ts';
import { SocketBridge } from './socket-bridge.ts';
import { USER_AGENT } from './transport/hop-headers.ts';
import type { Candidate, Upstream, UpstreamSocket } from './upstream.ts';

export interface RealtimeCallDeps {
  readonly router: Router;
  readonly upstream: Upstream;
  readonly dialects: ReadonlyMap<string, Dialect>;
  readonly clock: Clock;
  readonly random: () => number;
  /** Headers that carry the trace on to the upstream. */
  readonly traceHeaders: (exchange: Exchange) => Readonly<Record<string, string>>;
}

/** Answers an upgrade by opening a WebSocket to a target of the model. Throws `upgrade_unsupported` where none offers one. */
export function createRealtimeCall(config: RealtimeConfig, deps: RealtimeCallDeps): Handler {
  return async (request, exchange): Promise<Reply> => {
    const { operation } = request;
    const dialect = operation === undefined ? undefined : deps.dialects.get(operation.dialect);
    const sockets = dialect?.sockets;
    if (operation === undefined || dialect === undefined || sockets === undefined)
      throw new Error(`${exchange.route.pattern} has no WebSocket`);
    const plan = planOf(operation, deps);
    const offered = offeredProtocols(request.headers);
    const protocols = sockets.offered(offered);
    const headers = headersOf(request.headers, { dialect, exchange, deps });
    let opened: UpstreamSocket | undefined;
    const candidates = plan.targets.map(
      (target): Candidate => ({
        name: target.id,
        group: target.group,
        provider: target.provider,
        expect: { kind: 'socket', opened: (socket) => void (opened = socket) },
        classify: (status, replyHeaders, bytes) => dialect.classifyError(status, replyHeaders, bytes),
        prepare: (baseUrl) => ({
          url: target.baseOf(baseUrl) + dialect.path(operation, target.model),
          method: 'GET',
          headers: { ...headers, ...target.headers },
          body: null,
          protocols,
        }),
      }),
    );
    const { totalMs, firstTokenMs } = plan.deadlines;
    try {
      const reply = await deps.upstream.call({
        candidates,
        signal: exchange.signal,
        totalTimeoutMs: totalMs,
        firstTokenTimeoutMs: firstTokenMs,
        replayable: true,
      });
      if (opened === undefined || reply.body.kind !== 'open') throw new Error('a socket was opened, and is not there');
      noteAnswer(exchange, { plan, reply, model: undefined });
      return bridged(opened, { config, deps, exchange, sockets, body: reply.body, protocols });
    } catch (cause) {
      if (cause instanceof UpstreamCallError) noteFailure(exchange, plan, cause);
      throw cause;
    }
  };
}

function planOf({ model, kind, dialect }: Operation, { router, random }: RealtimeCallDeps): Plan {
  try {
    return router.plan({ model, kind, dialect, sameDialect: true }, random);
  } catch (cause) {
    if (!(cause instanceof GatewayError) || !router.knows(model)) throw cause;
    throw new GatewayError('upgrade_unsupported', `The model '${model}' has no target that is talked to over WebSocket: use HTTP`, {
      param: 'model',
      headers: { upgrade: 'HTTP/1.1' },
      cause,
    });
  }
}

function headersOf(
  given: Headers,
  { dialect, exchange, deps }: { dialect: Dialect; exchange: Exchange; deps: RealtimeCallDeps },
): Record<string, string> {
  const headers: Record<string, string> = { 'user-agent': USER_AGENT, ...dialect.headers, ...deps.traceHeaders(exchange) };
  for (const name of dialect.passedHeaders ?? []) {
    const value = given.get(name);
    if (value !== null) headers[name] = value;
  }
  return headers;
}

interface BridgedInput {
  readonly config: RealtimeConfig;
  readonly deps: RealtimeCallDeps;
  readonly exchange: Exchange;
  readonly sockets: DialectSockets;
  readonly body: ConstructorParameters<typeof SocketBridge>[2]['body'];
  readonly protocols: readonly string[];
}

function bridged(upstream: UpstreamSocket, { config, deps, exchange, sockets, body, protocols }: BridgedInput): Reply {
  const bridge = new SocketBridge(config, deps, { exchange, sockets, upstream, body });
  // Browsers take no socket that agrees to none of what they offered.
  const agreed = upstream.protocol === '' ? protocols[0] : upstream.protocol;
  return {
    status: 101,
    headers: agreed === undefined ? {} : { 'sec-websocket-protocol': agreed },
    body: null,
    upgrade: { messageBytesMax: config.message_bytes_max, open: (peer) => bridge.open(peer) },
  };
}
