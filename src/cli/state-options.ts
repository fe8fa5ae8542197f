/* Where the gateway that is configured keeps its records: for the commands that work on them. */

import { resolve } from 'node:path';
import { loadConfig } from '../config/load.ts';
import { ConfigError, formatProblem } from '../config/problem.ts';
import { systemFiles, systemZeroConfig } from '../config/system-source.ts';
import { isPostgres } from '../stores/postgres/open-postgres.ts';
import { IN_MEMORY, sqlitePath } from '../stores/sqlite-thread.ts';
import type { StateConfig } from '../stores/state-config.ts';
import type { CommandIo } from './command.ts';
import type { StartOptions } from './start-options.ts';

/** Undefined: the configuration is bad, and was told so. */
export async function loadState(options: StartOptions, io: CommandIo): Promise<StateConfig | undefined> {
  try {
    const { config } = await loadConfig({
      ...options,
      environment: io.env,
      source: systemFiles(io.env, io.cwd),
      zeroConfig: systemZeroConfig(io.env, false),
    });
    return config.state;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    io.stderr(error.problems.map((problem) => `${formatProblem(problem)}\n`).join(''));
    return undefined;
  }
}

/** The absolute path of the SQLite file; undefined where records are kept elsewhere. */
export function databasePath(records: string, io: Pick<CommandIo, 'cwd'>): string | undefined {
  if (isPostgres(records) || sqlitePath(records) === IN_MEMORY) return undefined;
  return resolve(io.cwd, sqlitePath(records));
}
