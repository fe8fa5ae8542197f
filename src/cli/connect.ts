/** `gatehouse connect CLIENT`: the settings with which a client uses this gateway. Nothing is started, and no secret is printed. */

import { parseArgs } from 'node:util';
import { type LoadedConfig, loadConfig } from '../config/load.ts';
import { ConfigError } from '../config/problem.ts';
import { nearest } from '../config/suggestion.ts';
import { systemFiles, systemZeroConfig } from '../config/system-source.ts';
import { type Command, type CommandIo, UsageError, withUsage } from './command.ts';
import { CLIENTS } from './connect/clients.ts';
import { gatewayUrl, listeningUrl } from './gateway-url.ts';
import { shownKey } from './greeting.ts';
import { START_OPTIONS, START_OPTIONS_HELP, startOptions } from './start-options.ts';

const USAGE = `Usage: gatehouse connect CLIENT [options]

Prints what a client must be told to use the gateway that 'gatehouse start' with the same options would start.

${CLIENTS.map(({ name, title, where }) => `  ${name.padEnd(12)} ${title}: ${where}`).join('\n')}

      --url URL            where the gateway is seen from the client (default: where it listens)
      --model NAME         the model to begin with (default: the first that is configured)
${START_OPTIONS_HELP}`;

export const connectCommand: Command = {
  name: 'connect',
  summary: 'Print the settings with which a client or coding agent uses this gateway.',
  usage: USAGE,
  run: (args, io) => withUsage(connectCommand, io, () => run(args, io)),
};

async function run(args: string[], io: CommandIo): Promise<number> {
  const options = { ...START_OPTIONS, url: { type: 'string' }, model: { type: 'string' } } as const;
  const { values, positionals } = parseArgs({ args, options, allowPositionals: true });
  const client = clientOf(positionals);
  const given = values.url === undefined ? undefined : gatewayUrl(values.url);
  try {
    const loaded = await loadConfig({
      ...startOptions(values),
      environment: io.env,
      source: systemFiles(io.env, io.cwd),
      zeroConfig: systemZeroConfig(io.env, false),
    });
    const url = given ?? listeningUrl(loaded.config);
    const key = shownKey(loaded)?.key ?? '$GATEHOUSE_KEY';
    const text = client.text({ url, key, model: values.model ?? firstModel(loaded) });
    io.stdout(`# ${client.title}: ${client.where}\n\n${text}\n`);
    return 0;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    io.stderr(`${error.message}\n`);
    return 1;
  }
}

function clientOf([name, ...others]: readonly string[]): (typeof CLIENTS)[number] {
  const names = CLIENTS.map((client) => client.name);
  if (name === undefined || others.length > 0) throw new UsageError(`connect takes one client: ${names.join(', ')}`);
  const client = CLIENTS.find((known) => known.name === name);
  if (client !== undefined) return client;
  const near = nearest(name, names);
  throw new UsageError(`there are no settings for '${name}'${near === undefined ? '' : `; did you mean '${near}'?`}`);
}

function firstModel({ config, simulate }: LoadedConfig): string {
  if (simulate) return 'sim-1';
  const listed = Object.values(config.providers).flatMap(({ models }) => models.filter((name) => !name.includes('*')));
  return Object.keys(config.models)[0] ?? listed[0] ?? '<model>';
}
