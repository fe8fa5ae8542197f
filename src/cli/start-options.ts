/*
 * Flags that give settings: those of `start`, which `check` and `explain` take too, so that one can ask beforehand what they would do.
 */

import type { FlagValue } from '../config/flags-layer.ts';
import { PRESETS } from '../config/preset-config.ts';
import { UsageError } from './command.ts';

/** Each short way to write `--set PATH=VALUE`. */
const SETTINGS = {
  preset: 'preset',
  port: 'server.port',
  host: 'server.host',
  workers: 'server.workers',
  environment: 'server.environment',
  'log-level': 'telemetry.log.level',
} as const;

/** For `parseArgs` of `node:util`. */
export const START_OPTIONS = {
  config: { type: 'string', short: 'c' },
  'env-file': { type: 'string' },
  preset: { type: 'string' },
  port: { type: 'string', short: 'p' },
  host: { type: 'string' },
  workers: { type: 'string' },
  environment: { type: 'string' },
  'log-level': { type: 'string' },
  set: { type: 'string', multiple: true },
} as const;

export const START_OPTIONS_HELP = `  -c, --config FILE        configuration file (default: $GATEHOUSE_CONFIG, ./gatehouse.yaml,
                           ~/.config/gatehouse/gatehouse.yaml, or none)
      --preset NAME        begin with an older gateway: ${PRESETS.slice(0, 3).join(', ')},
                           ${PRESETS.slice(3).join(' or ')} (or $GATEHOUSE_PRESET)
      --env-file FILE      variables, as docker compose reads .env; those of the environment win
  -p, --port N             server.port
      --host ADDRESS       server.host
      --workers N          server.workers
      --environment NAME   server.environment: development, test or production
      --log-level LEVEL    telemetry.log.level: debug, info, warn, error or silent
      --set PATH=VALUE     any setting; lists as a,b,c or JSON. Can be given several times
`;

/** What `parseArgs` returns for START_OPTIONS. */
type StartValues = { readonly [name in keyof typeof SETTINGS | 'config' | 'env-file']?: string | undefined } & {
  readonly set?: readonly string[] | undefined;
};

export interface StartOptions {
  /** `--config`. */
  readonly file: string | undefined;
  /** `--env-file`. */
  readonly envFile: string | undefined;
  readonly flags: readonly FlagValue[];
}

/** The file and the settings that flags give. Throws a UsageError for a `--set` without `=`. */
export function startOptions(values: StartValues): StartOptions {
  const flags: FlagValue[] = [];
  for (const [name, path] of Object.entries(SETTINGS)) {
    const text = values[name as keyof typeof SETTINGS];
    if (text !== undefined) flags.push({ flag: `--${name}`, path, text });
  }
  for (const assignment of values.set ?? []) {
    const separator = assignment.indexOf('=');
    if (separator < 1) throw new UsageError(`--set ${assignment}: write --set PATH=VALUE`);
    const path = assignment.slice(0, separator).trim();
    flags.push({ flag: `--set ${path}`, path, text: assignment.slice(separator + 1) });
  }
  return { file: values.config, envFile: values['env-file'], flags };
}
