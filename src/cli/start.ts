/** `gatehouse start`: loads the configuration, opens the gateway, and stays until it is told to stop. */

import { randomUUID } from 'node:crypto';
import { isatty } from 'node:tty';
import { parseArgs } from 'node:util';
import packageJson from '../../package.json' with { type: 'json' };
import { systemClock } from '../base/system-clock.ts';
import { explain } from '../config/explain.ts';
import { type LoadedConfig, loadConfig } from '../config/load.ts';
import { ConfigError, formatProblem } from '../config/problem.ts';
import { createReloader, type Reloader } from '../config/reloader.ts';
import { systemFiles, systemZeroConfig } from '../config/system-source.ts';
import { unshared } from '../config/unshared.ts';
import { watchFiles } from '../config/watch-files.ts';
import { RouteTableError } from '../edge/route-table.ts';
import { createReportExchange, createWorkerLink, type WorkerLink } from '../edge/worker-link.ts';
import { isWorker, speaksForAll, superviseWorkers } from '../edge/workers.ts';
import type { RuntimeDeps } from '../gateway/runtime.ts';
import { createGateway, type Gateway } from '../gateway.ts';
import { createLog, type Log } from '../telemetry/log.ts';
import { createFileOutput } from '../telemetry/log-output.ts';
import { departed, type MetricsReport, metricsReportSchema } from '../telemetry/metrics-report.ts';
import { type Command, type CommandIo, withUsage } from './command.ts';
import { greeting } from './greeting.ts';
import { createSimulatedProvider, type SimulatedProvider } from './simulated-provider.ts';
import { START_OPTIONS, START_OPTIONS_HELP, type StartOptions, startOptions } from './start-options.ts';

const USAGE = `Usage: gatehouse start [options]

Starts the gateway. Without a configuration it finds providers in the environment (OPENAI_API_KEY, MAX_SERVE_URL, an Ollama on its
port), or answers with a simulated model. SIGTERM lets requests under way finish; SIGHUP reads the configuration anew.

${START_OPTIONS_HELP}`;

const STDOUT = 1;

const WORKERS_WITHOUT_PORT = {
  path: 'server.port',
  message: 'several workers share one port, so it cannot be left to each of them to take a free one',
  hint: 'set server.port',
};

export const startCommand: Command = {
  name: 'start',
  summary: 'Start the gateway.',
  usage: USAGE,
  run: (args, io) => withUsage(startCommand, io, () => start(args, io)),
};

async function start(args: string[], io: CommandIo): Promise<number> {
  const { values } = parseArgs({ args, options: START_OPTIONS });
  const options = startOptions(values);
  let loaded: LoadedConfig;
  try {
    loaded = await load(options, io);
    if (loaded.unsafe.length > 0) throw new ConfigError(loaded.unsafe);
    if (loaded.config.server.workers > 1 && loaded.config.server.port === 0) throw new ConfigError([WORKERS_WITHOUT_PORT]);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    io.stderr(refusal(error.problems.map(formatProblem)));
    return 1;
  }
  if (loaded.config.server.workers > 1 && !isWorker(io.env)) return supervise(loaded, args, io);
  return serve({ loaded, options, io });
}

function supervise(loaded: LoadedConfig, args: readonly string[], io: CommandIo): Promise<number> {
  return superviseWorkers({
    count: loaded.config.server.workers,
    args: ['start', ...args],
    env: io.env,
    io,
    exchange: createReportExchange({ clock: systemClock, parse: parseMetricsReport, depart: departed }),
    onReady: (url) => io.stderr(greeting(url, loaded, { color: isatty(2) })),
  });
}

function parseMetricsReport(message: unknown): MetricsReport | undefined {
  return metricsReportSchema.safeParse(message).data;
}

function load(options: StartOptions, io: CommandIo): Promise<LoadedConfig> {
  return loadConfig({
    ...options,
    environment: io.env,
    source: systemFiles(io.env, io.cwd),
    zeroConfig: systemZeroConfig(io.env, true),
  });
}

interface Serving {
  readonly loaded: LoadedConfig;
  readonly options: StartOptions;
  readonly io: CommandIo;
}

/** Serves until a signal ends it. */
async function serve({ loaded, options, io }: Serving): Promise<number> {
  const log = createLog(loaded.config.telemetry.log, {
    output: createFileOutput(STDOUT, systemClock),
    clock: systemClock,
    terminal: isatty(STDOUT),
  });
  const signals = listenToSignals(log);
  const simulated = createSimulatedProvider();
  const holder: { reloader?: Reloader; gateway?: Gateway } = {};
  const link = isWorker(io.env) ? linkToOthers(() => holder.gateway?.runtime.metrics.report()) : undefined;
  let gateway: Gateway;
  try {
    gateway = await open({ loaded, log, simulated, holder, otherWorkers: link?.others });
  } catch (error) {
    await simulated.stop();
    if (!isForPeople(error)) throw error;
    io.stderr(refusal([error.message]));
    return 1;
  }
  await using reloader = createReloader(
    {
      loaded,
      load: () => load({ ...options, file: loaded.file ?? options.file }, io),
      apply: async (next) => gateway.configure(await simulated.complete(next)),
    },
    {
      clock: systemClock,
      logger: log,
      watch: watchFiles,
      onResult: ({ kind }) => {
        if (kind !== 'unchanged') gateway.runtime.metrics.configReload(kind);
      },
    },
  );
  holder.reloader = reloader;
  holder.gateway = gateway;
  signals.onReload(() => void reloader.reload('signal'));
  tellReady(gateway, { loaded, log, io });
  link?.ready(gateway.url);
  await signals.stopped;
  await gateway.drain();
  await simulated.stop();
  // An open channel to the parent would keep the process alive.
  if (link !== undefined) process.disconnect?.();
  return 0;
}

/** What this worker and the others tell each other, by way of their parent. */
function linkToOthers(report: () => MetricsReport | undefined): WorkerLink<MetricsReport> | undefined {
  if (process.send === undefined) return undefined;
  return createWorkerLink<MetricsReport>(
    { send: (message) => void process.send?.(message), onMessage: (listener) => void process.on('message', listener) },
    { clock: systemClock, parse: parseMetricsReport, report },
  );
}

function refusal(reasons: readonly string[]): string {
  return `Gatehouse does not start:\n\n${reasons.map((reason) => `  ${reason}\n`).join('')}`;
}

/** A port that is taken, a file that cannot be read, a route that is there already: what a stack trace would only hide. */
function isForPeople(error: unknown): error is Error {
  return error instanceof RouteTableError || (error instanceof Error && 'syscall' in error);
}

interface Opening {
  readonly loaded: LoadedConfig;
  readonly log: Log;
  readonly simulated: SimulatedProvider;
  readonly holder: { reloader?: Reloader };
  readonly otherWorkers: RuntimeDeps['otherWorkers'];
}

async function open({ loaded, log, simulated, holder, otherWorkers }: Opening): Promise<Gateway> {
  return createGateway(await simulated.complete(loaded), {
    clock: systemClock,
    log,
    version: packageJson.version,
    random: Math.random,
    seed: crypto.getRandomValues(new Uint32Array(4)),
    instanceId: randomUUID(),
    createId: randomUUID,
    ...(otherWorkers === undefined ? {} : { otherWorkers }),
    reload: async () => {
      const result = await holder.reloader?.reload('admin');
      if (result?.kind === 'refused') return { kind: 'refused', problems: result.problems.map(formatProblem) };
      return { kind: 'applied', changed: result?.kind === 'applied' ? result.changed : [] };
    },
    explain: () => explain(holder.reloader?.loaded ?? loaded),
  });
}

function tellReady(gateway: Gateway, told: Omit<Serving, 'options'> & { readonly log: Log }): void {
  const { loaded, log, io } = told;
  for (const warning of loaded.warnings) log.warn(warning);
  if (speaksForAll(io.env)) {
    for (const { what, effect, setting } of unshared(loaded.config))
      log.warn(`Workers do not share ${what}: ${effect}`, { setting, hint: `set ${setting} to a Redis (redis://HOST:6379), or REDIS_URL` });
  }
  if (loaded.simulate) log.warn('No provider and no service is configured: the simulated model answers');
  if (loaded.standIns.length > 0) {
    log.warn('The simulated model stands in, until the next start or reload, for what the preset expects and is nowhere here', {
      providers: loaded.standIns,
    });
  }
  log.info('Gatehouse is ready', { url: gateway.url, environment: loaded.config.server.environment, config: loaded.file ?? null });
  // Logs may be read by machines; the greeting is for people, and goes where it cannot break a line of JSON.
  if (!isWorker(io.env)) io.stderr(greeting(gateway.url, loaded, { color: isatty(2) }));
}

/** What the system tells this process; listened to from the very start, for a signal that nobody listens to ends the process. */
interface Signals {
  /** Resolves at SIGTERM or SIGINT. After that a second one ends the process at once. */
  readonly stopped: Promise<void>;
  /** Called at SIGHUP; also for one that came before. */
  onReload(reload: () => void): void;
}

function listenToSignals(log: Log): Signals {
  let wanted = false;
  let reload = (): void => {
    wanted = true;
  };
  process.on('SIGHUP', () => reload());
  const stopped = new Promise<void>((resolve) => {
    const stop = (signal: string): void => {
      log.info('Stopping: requests under way may finish', { signal });
      resolve();
      for (const again of ['SIGTERM', 'SIGINT'] as const) process.once(again, () => process.exit(130));
    };
    process.once('SIGTERM', () => stop('SIGTERM'));
    process.once('SIGINT', () => stop('SIGINT'));
  });
  return {
    stopped,
    onReload(next) {
      reload = next;
      if (wanted) next();
    },
  };
}
