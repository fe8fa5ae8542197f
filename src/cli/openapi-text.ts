/* The OpenAPI document of a configuration, made without serving it: what is assembled is never activated, so nothing is opened or asked. */

import packageJson from '../../package.json' with { type: 'json' };
import { systemClock } from '../base/system-clock.ts';
import { type Config, configSchema } from '../config/config.ts';
import { applyEnvironment } from '../config/environment-layer.ts';
import { createLayers } from '../config/layers.ts';
import { serviceVariables } from '../config/service-variables.ts';
import { assemble } from '../gateway/assembly.ts';
import { createRuntime } from '../gateway/runtime.ts';
import { createLog } from '../telemetry/log.ts';
import type { LogOutput } from '../telemetry/log-sink.ts';

/** The document as indented JSON with a newline at its end. Throws what `gatehouse start` would throw for routes that cannot be. */
export async function openApiText(config: Config): Promise<string> {
  const plain = configSchema.parse({});
  const log = createLog({ ...plain.telemetry.log, level: 'silent' }, { output: SILENCE, clock: systemClock, terminal: false });
  // Stores in memory and no traces: neither says anything about the API, and both would dial.
  await using runtime = createRuntime(
    { ...config, state: plain.state, telemetry: { ...config.telemetry, traces: plain.telemetry.traces } },
    { clock: systemClock, log, version: packageJson.version, random: () => 0, seed: new Uint32Array(4), instanceId: 'openapi' },
  );
  const controls = { reload: never, explain: () => [], isDraining: () => false };
  return `${JSON.stringify(await assemble(config, runtime, controls).openApi(), undefined, 2)}\n`;
}

const never = () => Promise.reject(new Error('nothing is served here'));

const SILENCE: LogOutput = { write: () => Promise.resolve() };

/** The older gateways whose services have routes of their own here. */
const SERVICE_ORIGINS: ReadonlySet<string> = new Set(['AI microservices', 'high-performance']);

/** The defaults with callers that must be known, and every service that has a variable of its own and no route of the gateway's in its place. */
export function referenceConfig(): Config {
  const variables = serviceVariables().filter(({ origins }) => origins.some((origin) => SERVICE_ORIGINS.has(origin)));
  const environment = Object.fromEntries(variables.map(({ name }) => [name, 'http://service.invalid']));
  const layers = createLayers(configSchema);
  applyEnvironment({ environment, root: configSchema, layers, referenced: new Set(), placeOf: () => undefined });
  return configSchema.parse({ ...layers.tree, auth: { required: true } });
}
