/*
 * THE MAP. A gateway is a runtime (what lasts), an assembly (what the configuration means) and a listener (where requests come in).
 *
 *   request ─▶ edge/listener ─▶ route ─▶ policies, stage by stage ─▶ model call or service call ─▶ upstream
 *              gateway/assembly.ts names all of them, in this order
 *
 * A reload builds a new assembly while the old one serves, and swaps it in at once; what it cannot build, it never swaps.
 */

import type { Config } from './config/config.ts';
import { createListener, type Listener } from './edge/listener.ts';
import { createRouteTable } from './edge/route-table.ts';
import { type Assembly, assemble, type Controls } from './gateway/assembly.ts';
import { createRuntime, type Runtime, type RuntimeDeps } from './gateway/runtime.ts';

export interface Gateway {
  /** Where it listens, without a trailing slash. */
  readonly url: string;
  readonly runtime: Runtime;
  /** Builds and swaps in what a new configuration means. Throws, and nothing has changed, when it cannot be built. */
  configure(config: Config): void;
  /** Lets requests under way finish, as `server.drain_delay` and `server.drain_timeout` say, then stops everything. */
  drain(): Promise<void>;
}

export interface GatewayDeps extends RuntimeDeps {
  readonly reload: Controls['reload'];
  readonly explain: Controls['explain'];
  /** A correlation id that nobody had before, of letters, digits and `-`. */
  readonly createId: () => string;
}

/** Starts a gateway; it accepts requests when this resolves. Rejects with a RouteTableError, or with the system's error about a port or a file. */
export async function createGateway(initial: Config, deps: GatewayDeps): Promise<Gateway> {
  // Until it listens, a failure closes what was opened, or the process would not end.
  await using opened = new AsyncDisposableStack();
  const runtime = opened.use(createRuntime(initial, deps));
  let config = initial;
  // The routes are needed to make the listener, and one of them asks it whether it drains.
  const holder: { listener?: Listener } = {};
  const controls: Controls = { reload: deps.reload, explain: deps.explain, isDraining: () => holder.listener?.state === 'draining' };

  let assembly: Assembly = assemble(config, runtime, controls);
  assembly.activate();
  // A moment's wait for Redis spares the first requests a fallback.
  await runtime.stores.ready();
  const listener = await createListener(config.server, {
    clock: runtime.clock,
    logger: runtime.log,
    routes: assembly.routes,
    createId: deps.createId,
    onRefused: (request, at) => assembly.observer.refused(request, at),
  });
  holder.listener = listener;
  opened.move();
  runtime.warmUp();
  return {
    url: listener.url,
    runtime,
    configure(next) {
      const made = assemble(next, runtime, controls);
      // Whatever may throw comes before whatever changes something.
      createRouteTable(made.routes);
      made.activate();
      assembly = made;
      config = next;
      listener.setRoutes(made.routes);
    },
    async drain() {
      await listener.drain({ delayMs: config.server.drain_delay, timeoutMs: config.server.drain_timeout });
      await runtime[Symbol.asyncDispose]();
    },
  };
}
