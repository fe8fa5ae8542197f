/*
 * Loading: defaults (in the schemas) → preset → file → environment → flags; the highest wins, value by value. What nobody gave and a first
 * start needs is found last (zero-config.ts), and gives way to all of them.
 *
 * Every problem is collected before anything is refused, so that a file is mended in one go.
 */

import { type Config, configSchema } from './config.ts';
import { type ConfigFile, type FileSource, findConfigFile, readConfigFile } from './config-file.ts';
import { type ConfigPath, formatPath, parsePath, valueAt } from './config-path.ts';
import { crossCheck } from './cross-check.ts';
import { withEnvFile } from './env-file.ts';
import type { Environment } from './environment.ts';
import { applyEnvironment } from './environment-layer.ts';
import { applyFlags, type FlagValue } from './flags-layer.ts';
import { type Complaint, complaintsOf } from './issues.ts';
import { createLayers, formatOrigin, type Layers, type Origin } from './layers.ts';
import { keepToThisMachine, originInPreset, providersOfPreset, readPreset } from './presets.ts';
import { ConfigError, type Problem } from './problem.ts';
import { unsafe } from './safety.ts';
import { type Findings, findWhatIsMissing, type ZeroConfigSource } from './zero-config.ts';

export interface LoadOptions {
  /** `--config`; without it the usual places are searched. Relative to `source.cwd`. */
  readonly file?: string | undefined;
  readonly environment: Environment;
  /** `--env-file`: variables below those of the environment. Relative to `source.cwd`. */
  readonly envFile?: string | undefined;
  readonly flags?: readonly FlagValue[];
  readonly source: FileSource;
  /** What a first start without configuration looks for. Absent: nothing is looked for. */
  readonly zeroConfig?: ZeroConfigSource;
}

export interface LoadedConfig {
  readonly config: Config;
  /** The file that was read, absolute. A reload names it again, so that a file that vanished is a problem and not a new start. */
  readonly file: string | undefined;
  /** The file and all that it refers to, absolute: what a reload watches. */
  readonly dependencies: readonly string[];
  /** Worth a line in the log. */
  readonly warnings: readonly string[];
  /** No provider and no service is known, so the simulated model is to answer. Never in production. */
  readonly simulate: boolean;
  /** Providers of the preset that nobody serves here: the simulated model stands in for them. Never in production. */
  readonly standIns: readonly string[];
  /** Why it must not be started (safety.ts); empty: it may. */
  readonly unsafe: readonly Problem[];
  /** Where a value came from. */
  originOf(path: ConfigPath): Origin;
}

/** Loads the configuration, or rejects with a ConfigError that has every problem. */
export async function loadConfig(options: LoadOptions): Promise<LoadedConfig> {
  const { source, flags = [] } = options;
  const variables = await withEnvFile(options.envFile, options);
  const { environment } = variables;
  const found = await findConfigFile(options.file, environment, source);
  // Without its file nothing that could be said would be true.
  if (found !== undefined && !('text' in found)) throw new ConfigError([found]);
  const file = found === undefined ? undefined : await readConfigFile(found, configSchema, { environment, source });
  const preset = await readPreset({ flags, environment, file: file?.tree }, { root: configSchema, source });

  const layers = createLayers(configSchema);
  const givesProviders = (file?.tree['providers'] ?? preset?.tree['providers']) !== undefined;
  if (preset !== undefined) layers.lay(preset.tree, (path) => originInPreset(preset, path));
  if (file !== undefined) layers.lay(file.tree, (path) => originInFile(file, path));
  const referenced = file?.variables ?? new Set();
  const fromEnvironment = applyEnvironment({ environment, placeOf: variables.placeOf, root: configSchema, layers, referenced });
  const flagProblems = applyFlags(flags, configSchema, layers);
  const heldBack = keepToThisMachine(layers);
  const missing =
    options.zeroConfig === undefined
      ? NOTHING_MISSING
      : await findWhatIsMissing(layers.tree, {
          givesProviders,
          ofPreset: preset === undefined ? undefined : providersOfPreset(layers),
          source: options.zeroConfig,
        });
  for (const assignment of missing.assignments) layers.assign(assignment);
  if (missing.catchAll !== undefined) layers.moveLast('providers', missing.catchAll);

  const problems = [...variables.problems, ...(file?.problems ?? []), ...fromEnvironment.problems, ...flagProblems];
  const dependencies = dependenciesOf(file, variables.path);
  const config = validate({ layers, file, problems, dependencies });
  return {
    config,
    file: file?.path,
    dependencies,
    warnings: [...fromEnvironment.warnings, ...heldBack, ...missing.warnings],
    simulate: missing.simulate,
    standIns: missing.standIns,
    unsafe: unsafe(config).map(({ path, message, hint }) => {
      const complaint = { path: parsePath(path) ?? [], message, aboutName: false };
      return locate(hint === undefined ? complaint : { ...complaint, hint }, layers, file);
    }),
    originOf: (path) => layers.originOf(path),
  };
}

function dependenciesOf(file: ConfigFile | undefined, envFile: string | undefined): string[] {
  return [...new Set([...(file === undefined ? [] : [file.path, ...file.references]), ...(envFile === undefined ? [] : [envFile])])];
}

const NOTHING_MISSING: Findings = { assignments: [], warnings: [], simulate: false, standIns: [], catchAll: undefined };

interface Gathered {
  readonly layers: Layers;
  readonly file: ConfigFile | undefined;
  readonly problems: readonly Problem[];
  readonly dependencies: readonly string[];
}

function validate({ layers, file, problems, dependencies }: Gathered): Config {
  // Once a start: code made for this very schema, as zod does for what is parsed often, would cost more than it saves.
  const result = configSchema.safeParse(layers.tree, { jitless: true });
  const complaints = result.success ? crossCheck(result.data) : complaintsOf(result.error.issues, layers.tree, configSchema);
  // A reference that leads nowhere is said once; that its text then fits no schema is no news.
  const known = new Set(problems.map(({ path }) => path));
  const said = complaints.filter((complaint) => complaint.aboutName || !known.has(formatPath(complaint.path)));
  const all = [...problems, ...said.map((complaint) => locate(complaint, layers, file))];
  if (all.length === 0 && result.success) return result.data;
  throw new ConfigError(
    all.toSorted((a, b) => (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0)),
    dependencies,
  );
}

function originInFile(file: ConfigFile, path: ConfigPath): Origin {
  const key = formatPath(path);
  const { line, column } = file.places.get(key)?.value ?? { line: 1, column: 1 };
  const via = file.via.get(key);
  return { kind: 'file', file: file.name, line, column, ...(via === undefined ? {} : { via }) };
}

/** Says where: at the value, at the name when that is at fault, or at the nearest thing around what is missing. */
function locate({ path, message, hint, aboutName }: Complaint, layers: Layers, file: ConfigFile | undefined): Problem {
  const problem = { path: formatPath(path), message, ...(hint === undefined ? {} : { hint }) };
  for (let length = path.length; length > 0; length -= 1) {
    const at = path.slice(0, length);
    const value = valueAt(layers.tree, at);
    if (value === undefined) continue;
    const origin = layers.originOf(at);
    if (origin.kind !== 'file') return origin.kind === 'default' ? problem : { ...problem, source: formatOrigin(origin) };
    const place = file?.places.get(formatPath(at));
    if (place === undefined) continue;
    const isScalar = typeof value !== 'object' || value === null;
    return { ...problem, file: origin.file, ...(isScalar && !aboutName && length === path.length ? place.value : place.name) };
  }
  return problem;
}
