import { systemClock } from '../base/system-clock.ts';
import type { Config } from '../config/config.ts';
import { providersConfig } from '../routing/providers-config.ts';
import { SIMULATOR_DEFAULTS } from '../simulate/options.ts';
import { createSimulator } from '../simulate/simulator.ts';

/** The simulated model that answers where nothing else is configured. It listens on loopback, in this process. */
export interface SimulatedProvider {
  readonly url: string;
  stop(): Promise<void>;
}

/** People look at it: so it takes a moment to begin, and types about as fast as a small model. */
const BEHAVIOUR = { firstTokenMs: 40, tokensPerSecond: 120 };

export function startSimulatedProvider(): SimulatedProvider {
  return createSimulator({ ...SIMULATOR_DEFAULTS, behaviour: BEHAVIOUR, control: false }, { clock: systemClock });
}

/** The configuration with the simulated model in it, under the provider name `simulator`. */
export function withSimulator(config: Config, simulated: SimulatedProvider | undefined): Config {
  if (simulated === undefined) return config;
  const added = providersConfig.parse({ simulator: { type: 'openai-compatible', base_url: `${simulated.url}/v1`, models: ['*'] } });
  return { ...config, providers: { ...config.providers, ...added } };
}
