/*
 * The environment as a layer: the table of environment.ts first, then `GATEHOUSE_SECTION__NAME`.
 */

import { coerce } from './coercion.ts';
import { formatPath, parsePath, valueAt } from './config-path.ts';
import { ENVIRONMENT, type Environment } from './environment.ts';
import { formatOrigin, type Layers, type Origin } from './layers.ts';
import type { Problem } from './problem.ts';
import { type AnySchema, schemasAt } from './schema-fields.ts';
import { assignText } from './written-value.ts';

const PREFIX = 'GATEHOUSE_';
const SEPARATOR = '__';

export interface EnvironmentLayer {
  readonly environment: Environment;
  readonly root: AnySchema;
  readonly layers: Layers;
  /** Variables that the configuration file refers to: they mean what the file makes of them. */
  readonly referenced: ReadonlySet<string>;
  /** Where a variable stands that a file of variables gave. */
  readonly placeOf: (name: string) => string | undefined;
}

export interface Applied {
  readonly problems: Problem[];
  readonly warnings: string[];
}

/** Puts what the environment gives on top of `layers`; returns what could not be understood. An empty variable is not set. */
export function applyEnvironment(layer: EnvironmentLayer): Applied {
  const { problems, warnings } = applyTable(layer);
  return { problems: [...problems, ...applyPaths(layer)], warnings };
}

function applyTable({ environment, root, layers, referenced, placeOf }: EnvironmentLayer): Applied {
  const problems: Problem[] = [];
  const warnings: string[] = [];
  const findsProviders = layers.tree['providers'] === undefined;
  for (const variable of ENVIRONMENT) {
    const text = environment[variable.name];
    if (text === undefined || text.trim() === '' || referenced.has(variable.name)) continue;
    const origin = originOf(variable.name, placeOf);
    const reading =
      variable.read?.(text, { environment, tree: layers.tree, findsProviders }) ?? variable.paths.map((path) => ({ path, value: text }));
    if ('problem' in reading) {
      problems.push({ source: formatOrigin(origin), path: variable.paths[0] ?? '', message: reading.problem });
      continue;
    }
    for (const { path: where, value } of reading) {
      const path = typeof where === 'string' ? parsePath(where) : where;
      if (path === undefined) throw new Error(`the table of variables has no valid path for ${variable.name}`);
      const before = valueAt(layers.tree, path);
      if (Array.isArray(before) && before.length > 0 && layers.originOf([...path, 0]).kind === 'file')
        warnings.push(`${variable.name} replaces ${formatPath(path)} of the file`);
      layers.assign({ path, value: typeof value === 'string' ? coerce(value, schemasAt(root, path)) : value, origin });
    }
  }
  return { problems, warnings };
}

function originOf(name: string, placeOf: EnvironmentLayer['placeOf']): Extract<Origin, { kind: 'env' }> {
  const from = placeOf(name);
  return { kind: 'env', name, ...(from === undefined ? {} : { from }) };
}

/** `GATEHOUSE_AUTH__KEYS__0__TIER`. Without `__` it is none of ours: people name their own variables so, for use in `${…}`. */
function applyPaths({ environment, root, layers, referenced, placeOf }: EnvironmentLayer): Problem[] {
  const problems: Problem[] = [];
  for (const name of Object.keys(environment).sort()) {
    const text = environment[name];
    if (!name.startsWith(PREFIX) || !name.includes(SEPARATOR) || text === undefined || text.trim() === '' || referenced.has(name)) continue;
    const segments = name.slice(PREFIX.length).split(SEPARATOR);
    const problem = assignText({ root, layers }, { path: segments.map(asEntryName), text, origin: originOf(name, placeOf) });
    if (problem !== undefined) problems.push(problem);
  }
  return problems;
}

/** What a name in capitals means where the schema leaves names free: `MAX_SERVE` is `max-serve`. Known names are found either way. */
function asEntryName(segment: string): string {
  return segment.toLowerCase().replaceAll('_', '-');
}
