/* A memory elsewhere, and how it is reached: through the transport of all upstreams, with connections of its own. The operator names its address, so it may be a private one. */

import { NEVER, withDeadline } from '../base/abort.ts';
import type { Clock } from '../base/clock.ts';
import type { Config } from '../config/config.ts';
import type { Mem0Send } from '../context/memory/mem0/mem0-client.ts';
import type { Mem0Config } from '../context/memory/mem0/mem0-config.ts';
import { createMem0Memory } from '../context/memory/mem0/mem0-memory.ts';
import type { MemoryEngine } from '../context/memory/memory.ts';
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

/** Where users are remembered, as the configuration in force says: here, or in a Mem0. */
export class CurrentMemory implements Disposable {
  /** The same at all times: who holds it asks whichever is in force at each call. */
  readonly engine: MemoryEngine;
  readonly #here: MemoryEngine;
  readonly #deps: RemoteMemoryDeps;
  #current: Place;

  /** Throws a TypeError when the address of the Mem0 is none. */
  constructor(here: MemoryEngine, config: Config, deps: RemoteMemoryDeps) {
    this.#here = here;
    this.#deps = deps;
    this.#current = this.#place(config);
    this.engine = asking(() => this.#current.memory);
  }

  /** What it returns puts the configuration in force. Calls under way end where they began. Throws a TypeError when the address of the Mem0 is none. */
  prepare(config: Config): () => void {
    const { remote, proxy } = remoteOf(config);
    const before = this.#current;
    if (proxy === before.proxy && Bun.deepEquals(remote, before.remote)) return () => {};
    const next = this.#place(config);
    return () => {
      this.#current = next;
      before.close();
    };
  }

  [Symbol.dispose](): void {
    this.#current.close();
  }

  #place(config: Config): Place {
    const { remote, proxy } = remoteOf(config);
    if (remote === undefined) return { memory: this.#here, remote, proxy, close: () => {} };
    const { send, ...connections } = createSend(remote.url, proxy, this.#deps);
    return { memory: createMem0Memory(remote, { ...this.#deps, send }), remote, proxy, close: () => connections[Symbol.dispose]() };
  }
}

interface Place {
  readonly memory: MemoryEngine;
  readonly remote: Mem0Config | undefined;
  readonly proxy: string | undefined;
  /** Its connections that are idle; those in use end with their call. */
  readonly close: () => void;
}

/** What the way to it depends on. */
function remoteOf({ context, upstream }: Config): Pick<Place, 'remote' | 'proxy'> {
  const { remote } = context.memory;
  return { remote, proxy: remote === undefined ? undefined : upstream.proxy };
}

function asking(current: () => MemoryEngine): MemoryEngine {
  return {
    remember: (...given) => current().remember(...given),
    recall: (...given) => current().recall(...given),
    profile: (...given) => current().profile(...given),
    touch: (...given) => current().touch(...given),
    get: (...given) => current().get(...given),
    list: (...given) => current().list(...given),
    update: (...given) => current().update(...given),
    delete: (...given) => current().delete(...given),
    deleteMatching: (...given) => current().deleteMatching(...given),
    history: (...given) => current().history(...given),
    users: (...given) => current().users(...given),
    erase: (...given) => current().erase(...given),
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
