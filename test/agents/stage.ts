/* What a coding agent finds: the gateway, and behind it a simulated vendor for each dialect that a target may speak. Processes of their own. */

import { DIALECTS } from '../../src/dialects/registry.ts';
import { type GatewayProcess, startGateway } from '../harness/gateway.ts';
import { type SimulatorProcess, startSimulator } from '../harness/simulator.ts';

export const KEY = 'sk-agents-000000000000000';
/** Dialects that chats can be put to a target in. */
export const TARGET_DIALECTS = DIALECTS.flatMap(({ name, codecs }) => (codecs.chat === undefined ? [] : [name]));
/** Whichever of them a simulated vendor wants; any will do. */
const KEYS = { authorization: 'Bearer any-key', 'x-goog-api-key': 'any-key' };

export interface AgentStage extends AsyncDisposable {
  readonly simulator: SimulatorProcess;
  readonly gateway: GatewayProcess;
}

/** The model `claude-on-<dialect>` is one that speaks that dialect alone. A fault behind the name is the simulator's (`provider/sim-1!status=529`). */
export async function startAgentStage(): Promise<AgentStage> {
  const simulator = await startSimulator();
  const gateway = await startGateway({
    config: {
      auth: { keys: [{ name: 'agent', key: KEY }] },
      limits: { mode: 'off' },
      upstream: {
        retries: { attempts_max: 2, base_delay: '10ms', budget_per_second: 100 },
        breaker: { enabled: false },
        idle_timeout: '30s',
        ping_interval: '200ms',
      },
      providers: Object.fromEntries(
        TARGET_DIALECTS.map((dialect) => [
          dialect,
          // Any server of OpenAI's kin; OpenAI itself has custom tools.
          dialect === 'openai-chat'
            ? { type: 'openai-compatible', base_url: `${simulator.url}/v1`, headers: KEYS, models: ['sim-1', 'sim-1!*'] }
            : { type: 'simulator', base_url: simulator.url, headers: KEYS, dialects: [dialect], models: ['sim-1', 'sim-1!*'] },
        ]),
      ),
      models: Object.fromEntries(
        TARGET_DIALECTS.map((dialect) => [`claude-on-${dialect}`, { targets: [{ provider: dialect, model: 'sim-1' }] }]),
      ),
    },
  });
  return {
    simulator,
    gateway,
    async [Symbol.asyncDispose]() {
      await gateway[Symbol.asyncDispose]();
      await simulator[Symbol.asyncDispose]();
    },
  };
}

/** Names in a header of the gateway's. */
export function namesIn(headers: Headers, name: string): readonly string[] {
  return (headers.get(name) ?? '').split(', ').filter((each) => each !== '');
}
