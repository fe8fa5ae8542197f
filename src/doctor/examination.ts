/*
 * The whole examination: every check at the same time, each within its deadline, so that it is over soon whatever hangs. What a check cannot
 * find out is said and no reason to stop.
 */

import { dirname, isAbsolute, resolve } from 'node:path';
import { type Abortable, raceAbort, withDeadline } from '../base/abort.ts';
import type { Clock } from '../base/clock.ts';
import type { LoadedConfig } from '../config/load.ts';
import { isPostgres } from '../stores/postgres/open-postgres.ts';
import { sqlitePath } from '../stores/sqlite-thread.ts';
import type { Transport } from '../upstream/transport/transport.ts';
import { examineExposure } from './exposure.ts';
import { examineFiles } from './files.ts';
import { type Finding, fail } from './finding.ts';
import { examineIdentity } from './identity.ts';
import { examineKeys } from './keys.ts';
import { examineLimits } from './limits.ts';
import { examineMachine } from './machine.ts';
import { readMachine } from './machine-facts.ts';
import { examinePort } from './port.ts';
import { examinePostgres } from './postgres.ts';
import { examineRedis } from './redis.ts';
import { examineTelemetry } from './telemetry.ts';
import { examineUpstreams } from './upstreams.ts';

/** For one check; longer than any of its own deadlines. */
const CHECK_MS_MAX = 8_000;

export interface Patient {
  readonly loaded: LoadedConfig;
  /** Absolute. */
  readonly cwd: string;
}

export interface ExaminationDeps {
  readonly clock: Clock;
  readonly transport: Transport;
}

export interface CheckResult {
  readonly name: string;
  /** For people. */
  readonly title: string;
  readonly findings: readonly Finding[];
}

interface Check {
  readonly name: string;
  readonly title: string;
  run(patient: Patient, deps: ExaminationDeps & { readonly signal: Abortable }): readonly Finding[] | Promise<readonly Finding[]>;
}

/** In the order in which they are told: from what is decided at a desk to what has to be asked of others. */
const CHECKS: readonly Check[] = [
  { name: 'exposure', title: 'Who can reach it', run: ({ loaded }) => examineExposure(loaded) },
  { name: 'keys', title: 'Keys and secrets', run: ({ loaded }) => examineKeys(loaded) },
  { name: 'limits', title: 'Limits', run: ({ loaded }) => examineLimits(loaded.config) },
  {
    name: 'files',
    title: 'Files',
    run: ({ loaded, cwd }, { clock }) => examineFiles({ loaded, dataFolders: dataFolders(loaded.config, cwd), nowMs: clock.now() }),
  },
  {
    name: 'machine',
    title: 'This machine',
    run: async ({ loaded }, { clock }) => examineMachine(loaded.config, await readMachine(), clock.now()),
  },
  { name: 'port', title: 'The port', run: ({ loaded }, deps) => examinePort(loaded.config, deps) },
  { name: 'redis', title: 'Redis', run: ({ loaded }, deps) => examineRedis(loaded.config, deps) },
  { name: 'postgres', title: 'PostgreSQL', run: ({ loaded }, deps) => examinePostgres(loaded.config, deps) },
  { name: 'upstreams', title: 'Providers and services', run: ({ loaded }, deps) => examineUpstreams(loaded.config, deps) },
  { name: 'identity', title: 'The identity provider', run: ({ loaded }, deps) => examineIdentity(loaded.config, deps) },
  { name: 'telemetry', title: 'Logs and traces', run: ({ loaded }, deps) => examineTelemetry(loaded.config, deps) },
];

/** Takes no longer than CHECK_MS_MAX and a moment. Never rejects. */
export async function examine(patient: Patient, deps: ExaminationDeps): Promise<CheckResult[]> {
  const secrets = secretsOf(patient.loaded.config);
  return Promise.all(
    CHECKS.map(async (check) => {
      const findings = await runCheck(check, patient, deps);
      return { name: check.name, title: check.title, findings: findings.map((finding) => clean(finding, secrets)) };
    }),
  );
}

async function runCheck(check: Check, patient: Patient, deps: ExaminationDeps): Promise<readonly Finding[]> {
  const overdue = new Error(`no result within ${CHECK_MS_MAX / 1_000} s`);
  using deadline = withDeadline(new AbortController().signal, { deadlineMs: CHECK_MS_MAX, clock: deps.clock, reason: () => overdue });
  try {
    return await raceAbort(
      Promise.resolve().then(() => check.run(patient, { ...deps, signal: deadline.signal })),
      deadline.signal,
    );
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return [fail(check.name, { seen: `this could not be examined: ${reason}`, todo: 'run it again; if it stays so, tell us of it' })];
  }
}

/** Every folder that a setting names, absolute, each once: `upload.folder`, `…_dir`, and where records are kept in a file. */
function dataFolders(config: LoadedConfig['config'], cwd: string): string[] {
  const folders = new Set<string>();
  const visit = (value: unknown, name: string): void => {
    if (typeof value === 'string' && value !== '' && /(?:^|_)(?:folder|dir|directory)$/.test(name))
      folders.add(isAbsolute(value) ? value : resolve(cwd, value));
    else if (typeof value === 'object' && value !== null) for (const [key, inside] of Object.entries(value)) visit(inside, key);
  };
  visit(config, '');
  if (config.state.records.startsWith('sqlite:')) folders.add(dirname(resolve(cwd, sqlitePath(config.state.records))));
  if (isPostgres(config.state.records)) folders.add(dirname(resolve(cwd, sqlitePath(config.state.outbox))));
  return [...folders];
}

/** The second net: no finding shows a secret, and one that slips into a message of somebody else's is taken out. */
function secretsOf(config: LoadedConfig['config']): readonly string[] {
  const found = [
    ...config.auth.keys.map(({ key }) => key),
    config.auth.jwt?.secret,
    ...Object.values(config.providers).flatMap((provider) => [provider.api_key, ...Object.values(provider.headers)]),
    ...Object.values(config.services).flatMap(({ headers }) => Object.values(headers)),
    ...Object.values(config.telemetry.traces.headers),
  ];
  return found
    .filter((secret) => secret !== undefined && secret.length >= 8)
    .toSorted((a, b) => (b?.length ?? 0) - (a?.length ?? 0)) as string[];
}

/** Without secrets, and without anything that a terminal would take for a command. */
function clean(finding: Finding, secrets: readonly string[]): Finding {
  const cleanText = (text: string): string => {
    let safe = text;
    for (const secret of secrets) safe = safe.replaceAll(secret, '••••');
    // oxlint-disable-next-line no-control-regex -- they are what is looked for
    return safe.replaceAll(/[\u0000-\u001f\u007f-\u009f]+/g, ' ');
  };
  const { id, subject, level, seen, todo } = finding;
  return {
    id,
    ...(subject === undefined ? {} : { subject: cleanText(subject) }),
    level,
    seen: cleanText(seen),
    ...(todo === undefined ? {} : { todo: cleanText(todo) }),
  };
}
