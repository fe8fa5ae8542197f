/* A memory elsewhere, and how it is reached: through the transport of all upstreams, with connections of its own. The operator names its address, so it may be a private one. */

import { NEVER, withDeadline } from '../base/abort.ts';
import type { Clock } from '../base/clock.ts';
import type { Config } from '../config/config.ts';
import type { ContextEngine } from '../context/context-engine.ts';
import type { Mem0Send } from '../context/memory/mem0/mem0-client.ts';
import { createMem0Memory } from '../context/memory/mem0/mem0-memory.ts';
import type { Transport } from '../upstream/transport/transport.ts';

/** A thousand memories, with room to spare. */
const ANSWER_BYTES_MAX = 32 * 1_048_576;
const POOL = { connect_timeout: 3_000, keep_alive: 30_000, idle_max: 16, connections_max: 256 };

export interface RemoteMemoryDeps {
  readonly transport: Transport;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
}

/** The engines with the configured Mem0 as their memory, if there is one. Throws a TypeError when its address is none. */
export function withRemoteMemory(context: ContextEngine, config: Config, deps: RemoteMemoryDeps): ContextEngine {
  const { remote } = config.context.memory;
  if (remote === undefined) return context;
  const { send, ...connections } = createSend(remote.url, config.upstream.proxy, deps);
  return {
    ...context,
    memory: createMem0Memory(remote, { ...deps, send }),
    async [Symbol.asyncDispose]() {
      connections[Symbol.dispose]();
      await context[Symbol.asyncDispose]();
    },
  };
}

function createSend(
  url: string,
  proxy: string | undefined,
  { transport, clock }: RemoteMemoryDeps,
): { readonly send: Mem0Send } & Disposable {
  const connector = transport.connector(url, { pool: POOL, allowPrivate: true, proxy });
  return {
    async send({ method, path, headers, body }, timeoutMs) {
      using deadline = withDeadline(NEVER, {
        deadlineMs: timeoutMs,
        clock,
        reason: () => new Error('the memory server did not answer in time'),
      });
      const bytes = body === undefined ? null : Buffer.from(body);
      const reply = await connector.send({ url: connector.baseUrl + path, method, headers, body: bytes }, deadline.signal);
      return { status: reply.status, text: new TextDecoder().decode(await reply.bytes(ANSWER_BYTES_MAX)) };
    },
    [Symbol.dispose]: () => connector[Symbol.dispose](),
  };
}
