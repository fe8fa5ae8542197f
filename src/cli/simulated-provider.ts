import { systemClock } from '../base/system-clock.ts';
import type { Config } from '../config/config.ts';
import type { LoadedConfig } from '../config/load.ts';
import { PROVIDERS } from '../providers/registry.ts';
import { providersConfig } from '../routing/providers-config.ts';
import type { Simulator } from '../simulate/simulator.ts';

/** The simulated model, which answers while nothing else is configured. It is loaded when it is first needed, and listens on loopback, in this process. */
export interface SimulatedProvider {
  /**
   * The configuration to serve: with the provider `simulator` in it where there is nothing else to talk to, or in place of the
   * providers that are nowhere here; and as it is otherwise.
   */
  complete(loaded: Pick<LoadedConfig, 'config' | 'simulate' | 'standIns'>): Promise<Config>;
  stop(): Promise<void>;
}

/** People look at it: so it takes a moment to begin, and types about as fast as a small model. */
const BEHAVIOUR = { firstTokenMs: 40, tokensPerSecond: 120 };

export function createSimulatedProvider(): SimulatedProvider {
  let simulator: Simulator | undefined;
  return {
    async complete({ config, simulate, standIns }) {
      if (!simulate && standIns.length === 0) return config;
      simulator ??= await startSimulator();
      const address = `${simulator.url}/v1`;
      if (!simulate) return standIn(config, standIns, address);
      const added = providersConfig.parse({ simulator: { type: 'simulator', base_url: address, models: ['sim-1', '*'] } });
      return { ...config, providers: { ...config.providers, ...added } };
    },
    async stop() {
      await simulator?.stop();
    },
  };
}

async function startSimulator(): Promise<Simulator> {
  const [{ createSimulator }, { SIMULATOR_DEFAULTS }] = await Promise.all([
    import('../simulate/simulator.ts'),
    import('../simulate/options.ts'),
  ]);
  return createSimulator({ ...SIMULATOR_DEFAULTS, behaviour: BEHAVIOUR, control: false }, { clock: systemClock });
}

/** Puts the simulator in the place of some providers, under its own name, so that nobody takes its answers for theirs. */
function standIn(config: Config, names: readonly string[], address: string): Config {
  const simulated = new Map(names.map((name, index) => [name, index === 0 ? 'simulator' : `simulator-${index + 1}`]));
  const providers = Object.entries(config.providers).map(([name, provider]): [string, Config['providers'][string]] => {
    const called = simulated.get(name);
    if (called === undefined) return [name, provider];
    // The simulator speaks as that kind of server does, but need not answer its health checks.
    const { health: _health, ...rest } = provider;
    return [called, { ...rest, type: provider.type ?? kindOf(name), base_url: address }];
  });
  const models = Object.entries(config.models).map(([name, model]): [string, Config['models'][string]] => [
    name,
    { ...model, targets: model.targets.map((target) => ({ ...target, provider: simulated.get(target.provider) ?? target.provider })) },
  ]);
  return { ...config, providers: Object.fromEntries(providers), models: Object.fromEntries(models) };
}

/** The kind of server that an entry of this name is. */
function kindOf(name: string): Config['providers'][string]['type'] {
  return PROVIDERS.find((definition) => definition.name === name)?.name;
}
