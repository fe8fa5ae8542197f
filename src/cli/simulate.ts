/** `gatehouse simulate`: an LLM server and an AI service that are not there, for the first run, for tests and for benches. */
import { parseArgs } from 'node:util';
import { GatewayError } from '../base/errors.ts';
import { systemClock } from '../base/system-clock.ts';
import { type Faults, faultHelp, parseFaults } from '../simulate/faults.ts';
import { SIMULATOR_DEFAULTS, type SimulatorOptions } from '../simulate/options.ts';
import { createSimulator, type Simulator } from '../simulate/simulator.ts';
import { type Command, type CommandIo, UsageError, withUsage } from './command.ts';

const PORT_DEFAULT = 9100;

const USAGE = `Usage: gatehouse simulate [options]

Starts a simulated LLM server (OpenAI's and Ollama's APIs, embeddings included) and a simulated AI service.

  --port N                port; 0 takes a free one (default ${PORT_DEFAULT})
  --host ADDRESS          address to listen on (default ${SIMULATOR_DEFAULTS.hostname})
  --seed N                same seed, same answers (default ${SIMULATOR_DEFAULTS.seed})
  --models a,b            models to list (default ${SIMULATOR_DEFAULTS.models.join(',')})
  --no-any-model          answer 404 to models that are not listed
  --first-token-ms N      time to the first token (default 0)
  --tokens-per-second N   pace after it; 0 = as fast as possible (default 0)
  --jitter X              vary each wait by up to this part of itself, 0 to 1 (default 0)
  --fault TEXT            do this to every request; see below
  --records N             requests remembered for GET /__sim/requests (default ${SIMULATOR_DEFAULTS.recordsMax})
  --no-control            no /__sim routes, and nothing remembered
  --quiet                 print the ready line alone

Faults, as "name=value,name,…": after a model's name (sim-1!status=503,retry-after=2), in the header x-simulate,
in the query (?simulate=…), with --fault, or through POST /__sim/fault:

${faultHelp()}
`;

export const simulateCommand: Command = {
  name: 'simulate',
  summary: 'Start a simulated LLM server and AI service, with failures on demand.',
  usage: USAGE,
  run: (args, io) => withUsage(simulateCommand, io, () => simulate(args, io)),
};

async function simulate(args: string[], io: CommandIo): Promise<number> {
  const { quiet, options } = parse(args);
  const stopped = Promise.withResolvers<void>();
  process.once('SIGTERM', stopped.resolve);
  process.once('SIGINT', stopped.resolve);
  let simulator: Simulator;
  try {
    simulator = createSimulator(options, { clock: systemClock });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    io.stderr(`port ${options.port} of ${options.hostname} is taken; --port 0 takes a free one\n`);
    return 1;
  }
  io.stdout(`simulator ready at ${simulator.url}\n`);
  if (!quiet) io.stdout(greeting(simulator.url));
  await stopped.promise;
  await simulator.stop();
  return 0;
}

function parse(args: string[]): { readonly quiet: boolean; readonly options: SimulatorOptions } {
  const { values } = parseArgs({
    args,
    allowNegative: true,
    options: {
      port: { type: 'string', default: String(PORT_DEFAULT) },
      host: { type: 'string', default: SIMULATOR_DEFAULTS.hostname },
      seed: { type: 'string', default: String(SIMULATOR_DEFAULTS.seed) },
      models: { type: 'string', default: SIMULATOR_DEFAULTS.models.join(',') },
      'any-model': { type: 'boolean', default: true },
      'first-token-ms': { type: 'string' },
      'tokens-per-second': { type: 'string' },
      jitter: { type: 'string' },
      fault: { type: 'string', default: '' },
      records: { type: 'string', default: String(SIMULATOR_DEFAULTS.recordsMax) },
      control: { type: 'boolean', default: true },
      quiet: { type: 'boolean', default: false },
    },
  });
  const options: SimulatorOptions = {
    hostname: values.host,
    port: wholeNumber('--port', values.port, 65_535),
    seed: wholeNumber('--seed', values.seed, 4_294_967_295),
    models: values.models.split(',').filter((name) => name !== ''),
    anyModel: values['any-model'],
    behaviour: behaviourOf(values),
    control: values.control,
    recordsMax: wholeNumber('--records', values.records, 1_000_000),
  };
  return { quiet: values.quiet, options };
}

interface BehaviourFlags {
  readonly 'first-token-ms'?: string | undefined;
  readonly 'tokens-per-second'?: string | undefined;
  readonly jitter?: string | undefined;
  readonly fault: string;
}

/** The timing flags are faults under other names; a zero is the same as nothing said. */
function behaviourOf(flags: BehaviourFlags): Faults {
  const timing = (['first-token-ms', 'tokens-per-second', 'jitter'] as const)
    .filter((name) => flags[name] !== undefined && Number(flags[name]) !== 0)
    .map((name) => `${name}=${flags[name]}`);
  let behaviour: Faults;
  try {
    behaviour = parseFaults([...timing, flags.fault].join(','));
  } catch (error) {
    throw error instanceof GatewayError ? new UsageError(error.message) : error;
  }
  if (behaviour.times !== undefined) throw new UsageError('--fault cannot be counted: set `times` through POST /__sim/fault');
  return behaviour;
}

function wholeNumber(flag: string, text: string, max: number): number {
  const value = text === '' ? Number.NaN : Number(text);
  if (Number.isInteger(value) && value >= 0 && value <= max) return value;
  throw new UsageError(`${flag} needs a whole number from 0 to ${max}, not '${text}'`);
}

function greeting(url: string): string {
  return `try: curl ${url}/v1/chat/completions -H 'content-type: application/json' -d '{"model":"sim-1","messages":[{"role":"user","content":"Hello"}]}'\n`;
}
