/** `gatehouse simulate`: an LLM server and an AI service that are not there, for the first run, for tests and for benches. */
import { parseArgs } from 'node:util';
import { GatewayError } from '../base/errors.ts';
import { systemClock } from '../base/system-clock.ts';
import { type Faults, faultHelp, parseFaults } from '../simulate/faults.ts';
import { SIMULATOR_DEFAULTS, type SimulatorOptions } from '../simulate/options.ts';
import { SERVICE_NAMES, SERVICES } from '../simulate/services/catalog.ts';
import { createSimulator, type Simulator } from '../simulate/simulator.ts';
import { type Command, type CommandIo, UsageError, withUsage } from './command.ts';

const PORT_DEFAULT = 9100;

const USAGE = `Usage: gatehouse simulate [options]

Starts a simulated LLM server (the APIs of OpenAI, Responses, realtime and WebSocket included, of Anthropic, Ollama, Gemini and
Vertex AI, Bedrock and Cohere, embeddings and rerankers included) and the simulated AI services behind every service route, all on one
port and told apart by path.

  --port N                port; 0 takes a free one (default ${PORT_DEFAULT})
  --service NAME          be this one AI service and nothing else: ${SERVICE_NAMES.slice(0, 4).join(', ')},
                          ${SERVICE_NAMES.slice(4, 9).join(', ')},
                          ${SERVICE_NAMES.slice(9).join(', ')}
  --each                  the models on --port, and each AI service on a port of its own, one after another from there
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
  summary: 'Start a simulated LLM server and AI services, with failures on demand.',
  usage: USAGE,
  run: (args, io) => withUsage(simulateCommand, io, () => simulate(args, io)),
};

async function simulate(args: string[], io: CommandIo): Promise<number> {
  const { quiet, each, options } = parse(args);
  const stopped = Promise.withResolvers<void>();
  process.once('SIGTERM', stopped.resolve);
  process.once('SIGINT', stopped.resolve);
  let started: Started[];
  try {
    started = await startAll(each ? apart(options) : [options]);
  } catch (error) {
    if (!(error instanceof PortTaken)) throw error;
    io.stderr(`${error.message}\n`);
    return 1;
  }
  for (const { service, simulator } of started) {
    io.stdout(`${each ? `${service ?? 'models'}: ` : ''}simulator ready at ${simulator.url}\n`);
  }
  if (!quiet) io.stdout(greeting(started));
  await stopped.promise;
  await Promise.all(started.map(({ simulator }) => simulator.stop()));
  return 0;
}

interface Started {
  /** Undefined: all of them, or the models. */
  readonly service: string | undefined;
  readonly simulator: Simulator;
}

class PortTaken extends Error {
  override readonly name = 'PortTaken';
}

/** All of them or, where a port is taken, none. */
async function startAll(all: readonly SimulatorOptions[]): Promise<Started[]> {
  await using opened = new AsyncDisposableStack();
  const started: Started[] = [];
  for (const options of all) {
    try {
      const simulator = createSimulator(options, { clock: systemClock });
      opened.defer(() => simulator.stop());
      started.push({ service: options.service, simulator });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
      throw new PortTaken(`port ${options.port} of ${options.hostname} is taken; --port 0 takes a free one`, { cause: error });
    }
  }
  opened.move();
  return started;
}

/** The models, and every service behind them, on ports that follow each other. */
function apart(options: SimulatorOptions): SimulatorOptions[] {
  const port = (index: number) => (options.port === 0 ? 0 : options.port + index);
  return [options, ...SERVICES.map(({ name }, index) => ({ ...options, service: name, port: port(index + 1) }))];
}

function parse(args: string[]): { readonly quiet: boolean; readonly each: boolean; readonly options: SimulatorOptions } {
  const { values } = parseArgs({
    args,
    allowNegative: true,
    options: {
      port: { type: 'string', default: String(PORT_DEFAULT) },
      service: { type: 'string' },
      each: { type: 'boolean', default: false },
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
  const { service, each } = values;
  if (service !== undefined && !SERVICE_NAMES.includes(service))
    throw new UsageError(`--service needs one of ${SERVICE_NAMES.join(', ')}, not '${service}'`);
  if (service !== undefined && each) throw new UsageError('--service and --each exclude each other');
  const options: SimulatorOptions = {
    hostname: values.host,
    port: wholeNumber('--port', values.port, each ? 65_535 - SERVICES.length : 65_535),
    ...(service === undefined ? {} : { service }),
    seed: wholeNumber('--seed', values.seed, 4_294_967_295),
    models: values.models.split(',').filter((name) => name !== ''),
    anyModel: values['any-model'],
    behaviour: behaviourOf(values),
    control: values.control,
    recordsMax: wholeNumber('--records', values.records, 1_000_000),
  };
  return { quiet: values.quiet, each, options };
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

/** A line to try, and the variables that put a gateway in front of it. */
function greeting(started: readonly Started[]): string {
  const [first] = started;
  if (first === undefined) return '';
  const { url } = first.simulator;
  const urlOf = (name: string) => started.find(({ service }) => service === name)?.simulator.url ?? url;
  const meant = SERVICES.filter(({ name }) => first.service === undefined || first.service === name);
  const variables = meant.map(({ name, variable }) => `  export ${variable}=${urlOf(name)}\n`).join('');
  const model = `try: curl ${url}/v1/chat/completions -H 'content-type: application/json' -d '{"model":"sim-1","messages":[{"role":"user","content":"Hello"}]}'\n`;
  const provider = first.service === undefined ? `  export VLLM_URL=${url}/v1\n` : '';
  return `${first.service === undefined ? model : `try: curl ${url}/health\n`}\nA gateway started with these has it behind its routes:\n\n${provider}${variables}`;
}
