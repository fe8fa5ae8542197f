/** `gatehouse explain [PATH]`: every setting in force, and where it came from. Secrets are never shown. */

import { parseArgs } from 'node:util';
import { parsePath } from '../config/config-path.ts';
import { type ExplainedValue, explain } from '../config/explain.ts';
import { loadConfig } from '../config/load.ts';
import { ConfigError } from '../config/problem.ts';
import { systemFiles, systemZeroConfig } from '../config/system-source.ts';
import { type Command, type CommandIo, UsageError, withUsage } from './command.ts';
import { START_OPTIONS, START_OPTIONS_HELP, startOptions } from './start-options.ts';
import { tableText } from './table.ts';

const USAGE = `Usage: gatehouse explain [PATH] [options]

Shows every setting in force at and below PATH (such as 'limits' or 'server.port'), and where each came from: the default, a
line of the file, a variable, a flag, or what a start without configuration finds by itself. Secrets are not shown.

${START_OPTIONS_HELP}      --json               as JSON
`;

/** Longer values are cut in the table; \`--json\` has them whole. */
const VALUE_WIDTH_MAX = 60;

export const explainCommand: Command = {
  name: 'explain',
  summary: 'Show every setting in force, and where it came from.',
  usage: USAGE,
  run: (args, io) => withUsage(explainCommand, io, () => run(args, io)),
};

async function run(args: string[], io: CommandIo): Promise<number> {
  const { values, positionals } = parseArgs({ args, options: { ...START_OPTIONS, json: { type: 'boolean' } }, allowPositionals: true });
  const [pathText] = positionals;
  const path = pathText === undefined ? [] : parsePath(pathText);
  if (path === undefined || positionals.length > 1) throw new UsageError('explain takes one path, such as server.port');
  try {
    const loaded = await loadConfig({
      ...startOptions(values),
      environment: io.env,
      source: systemFiles(io.env, io.cwd),
      zeroConfig: systemZeroConfig(io.env, false),
    });
    const explained = explain(loaded, path);
    if (explained.length === 0) {
      io.stderr(`nothing is set at '${pathText}'\n`);
      return 1;
    }
    io.stdout(values.json === true ? `${JSON.stringify(explained, undefined, 2)}\n` : table(explained));
    return 0;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    io.stderr(`${error.message}\n`);
    return 1;
  }
}

function table(explained: readonly ExplainedValue[]): string {
  const rows = explained.map(({ path, value, origin }) => [
    path,
    shorten(typeof value === 'string' && value !== '' ? value : JSON.stringify(value)),
    origin,
  ]);
  return tableText(rows);
}

function shorten(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ');
  return line.length > VALUE_WIDTH_MAX ? `${line.slice(0, VALUE_WIDTH_MAX - 1)}…` : line;
}
