/** `gatehouse check [FILE]`: whether a start would succeed, and if not, where to look. */

import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { type LoadedConfig, loadConfig } from '../config/load.ts';
import { ConfigError, formatProblem, type Problem } from '../config/problem.ts';
import { maskLine } from '../config/secret.ts';
import { systemFiles } from '../config/system-source.ts';
import { type Command, type CommandIo, UsageError, withUsage } from './command.ts';
import { START_OPTIONS, START_OPTIONS_HELP, startOptions } from './start-options.ts';

const USAGE = `Usage: gatehouse check [FILE] [options]

Says what is wrong with a configuration, each with file, line and column, and whether 'gatehouse start' would refuse it.
Environment variables count as they do at a start. Exit code 0: nothing is wrong; 1: something is.

${START_OPTIONS_HELP}      --json               problems, or counts, as JSON
`;

export const checkCommand: Command = {
  name: 'check',
  summary: 'Check a configuration.',
  usage: USAGE,
  run: (args, io) => withUsage(checkCommand, io, () => check(args, io)),
};

async function check(args: string[], io: CommandIo): Promise<number> {
  const { values, positionals } = parseArgs({ args, options: { ...START_OPTIONS, json: { type: 'boolean' } }, allowPositionals: true });
  if (positionals.length > 1) throw new UsageError('check takes one file');
  const options = startOptions(values);
  const file = positionals[0] ?? options.file;
  const problems: Problem[] = [];
  let loaded: LoadedConfig | undefined;
  try {
    loaded = await loadConfig({ ...options, file, environment: io.env, source: systemFiles(io.env, io.cwd) });
    problems.push(...loaded.unsafe);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    problems.push(...error.problems);
  }
  const isSound = loaded !== undefined && problems.length === 0;
  if (values.json === true)
    io.stdout(
      `${JSON.stringify(isSound ? { ok: true, ...counts(loaded), warnings: loaded?.warnings } : { ok: false, problems }, undefined, 2)}\n`,
    );
  else if (isSound) io.stdout(summary(loaded, io.cwd));
  else for (const text of await Promise.all(problems.map((problem) => withSource(problem, io.cwd)))) io.stderr(text);
  return isSound ? 0 : 1;
}

function counts(loaded: LoadedConfig | undefined): Record<'providers' | 'models' | 'services' | 'keys', number> {
  const { providers = {}, models = {}, services = {}, auth } = loaded?.config ?? {};
  return {
    providers: Object.keys(providers).length,
    models: Object.keys(models).length,
    services: Object.keys(services).length,
    keys: auth?.keys.length ?? 0,
  };
}

function summary(loaded: LoadedConfig | undefined, cwd: string): string {
  const parts = Object.entries(counts(loaded)).map(([name, count]) => `${count} ${count === 1 ? name.slice(0, -1) : name}`);
  const warnings = (loaded?.warnings ?? []).map((warning) => `warning: ${warning}\n`);
  const file = loaded?.file === undefined ? 'no file' : loaded.file.startsWith(`${cwd}/`) ? loaded.file.slice(cwd.length + 1) : loaded.file;
  const preset = loaded?.config.preset === undefined ? '' : `preset ${loaded.config.preset}, `;
  return `${warnings.join('')}OK: ${preset}${file}: ${parts.join(', ')}\n`;
}

/** The problem with its line and a caret below it, as compilers do. */
async function withSource(problem: Problem, cwd: string): Promise<string> {
  const { file, line, column } = problem;
  const said = `${formatProblem(problem)}\n`;
  if (file === undefined || line === undefined || column === undefined) return said;
  const text = await readFile(resolve(cwd, file), 'utf8').catch(() => '');
  const source = text.split(/\r?\n/)[line - 1];
  if (source === undefined || source.length > 200) return said;
  const gutter = `${line} | `;
  // Tabs stay, so that the caret stands where the terminal puts the column.
  const space = source.slice(0, column - 1).replaceAll(/[^\t]/g, ' ');
  return `${said}  ${gutter}${maskLine(source)}\n  ${' '.repeat(gutter.length)}${space}^\n`;
}
