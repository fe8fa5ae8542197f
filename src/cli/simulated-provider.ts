import { systemClock } from '../base/system-clock.ts';
import type { Config } from '../config/config.ts';
import type { LoadedConfig } from '../config/load.ts';
import { providersConfig } from '../routing/providers-config.ts';
import { SIMULATOR_DEFAULTS } from '../simulate/options.ts';
import { createSimulator, type Simulator } from '../simulate/simulator.ts';

/** The simulated model, which answers while nothing else is configured. It listens on loopback, in this process, from when it is first needed. */
export interface SimulatedProvider {
  /** The configuration to serve: with the provider `simulator` in it where there is nothing else to talk to, and as it is otherwise. */
  complete(loaded: Pick<LoadedConfig, 'config' | 'simulate'>): Config;
  stop(): Promise<void>;
}

/** People look at it: so it takes a moment to begin, and types about as fast as a small model. */
const BEHAVIOUR = { firstTokenMs: 40, tokensPerSecond: 120 };

export function createSimulatedProvider(): SimulatedProvider {
  let simulator: Simulator | undefined;
  return {
    complete({ config, simulate }) {
      if (!simulate) return config;
      simulator ??= createSimulator({ ...SIMULATOR_DEFAULTS, behaviour: BEHAVIOUR, control: false }, { clock: systemClock });
      const added = providersConfig.parse({
        simulator: { type: 'openai-compatible', base_url: `${simulator.url}/v1`, models: ['sim-1', '*'] },
      });
      return { ...config, providers: { ...config.providers, ...added } };
    },
    async stop() {
      await simulator?.stop();
    },
  };
}
