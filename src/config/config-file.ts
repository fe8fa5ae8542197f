/*
 * Which file is the configuration, and what it holds: values, where each stands, and what its references lead to.
 */

import { isAbsolute, join, relative, resolve } from 'node:path';
import { coerce } from './coercion.ts';
import { type ConfigPath, eachLeaf, formatPath, type Tree, valueAt } from './config-path.ts';
import type { Environment } from './environment.ts';
import { resolveTemplate } from './interpolation.ts';
import type { Problem } from './problem.ts';
import { type AnySchema, schemasAt, shapesOf } from './schema-fields.ts';
import type { EntryPlace, PendingTemplate, YamlSource } from './yaml-source.ts';

/** What loading needs of the machine. Texts are UTF-8. */
export interface FileSource {
  /** Rejects with an error whose `code` is ENOENT for a missing file, and when it is larger than `bytesMax`. */
  readFile(path: string, bytesMax: number): Promise<string>;
  /** Absolute. */
  readonly cwd: string;
  /** Where settings of the user live, absolute: `~/.config`. */
  readonly userConfigFolder: string;
}

const CONFIG_BYTES_MAX = 1_048_576;
const REFERENCED_BYTES_MAX = 65_536;

export interface FoundFile {
  /** Absolute. */
  readonly path: string;
  /** As it is called in messages: relative to the working directory where that is shorter. */
  readonly name: string;
  readonly text: string;
}

/** `given` (`--config`), `$GATEHOUSE_CONFIG`, `./gatehouse.yaml`, `~/.config/gatehouse/gatehouse.yaml`, none. A file that was named must be there. */
export async function findConfigFile(
  given: string | undefined,
  environment: Environment,
  source: FileSource,
): Promise<FoundFile | Problem | undefined> {
  const fromEnvironment = environment['GATEHOUSE_CONFIG']?.trim() || undefined;
  const named = given ?? fromEnvironment;
  const candidates =
    named === undefined
      ? [join(source.cwd, 'gatehouse.yaml'), join(source.userConfigFolder, 'gatehouse', 'gatehouse.yaml')]
      : [resolve(source.cwd, named)];
  for (const path of candidates) {
    const name = nameOf(path, source.cwd);
    try {
      return { path, name, text: await source.readFile(path, CONFIG_BYTES_MAX) };
    } catch (error) {
      const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
      if (missing && named === undefined) continue;
      const message = missing ? 'there is no such file' : `cannot be read: ${(error as Error).message}`;
      return {
        file: name,
        path: '',
        message,
        ...(given === undefined && named !== undefined ? { hint: 'GATEHOUSE_CONFIG names it' } : {}),
      };
    }
  }
  return undefined;
}

function nameOf(path: string, cwd: string): string {
  const within = relative(cwd, path);
  return within.startsWith('..') || isAbsolute(within) ? path : within;
}

/** A configuration file with its references followed. */
export interface ConfigFile {
  readonly path: string;
  readonly name: string;
  readonly tree: Tree;
  readonly places: ReadonlyMap<string, EntryPlace>;
  /** Paths of values that came through references, with what they went through. */
  readonly via: ReadonlyMap<string, readonly string[]>;
  /** Variables that it refers to, set or not. */
  readonly variables: ReadonlySet<string>;
  /** Files that it refers to, absolute. */
  readonly references: readonly string[];
  readonly problems: readonly Problem[];
}

/** Parses a file and follows its references. Never rejects: what is wrong is in `problems`. */
export async function readConfigFile(
  found: FoundFile,
  root: AnySchema,
  deps: { environment: Environment; source: FileSource },
): Promise<ConfigFile> {
  const { parseYaml } = await import('./yaml-source.ts');
  const yaml: YamlSource = parseYaml(found.text, found.name);
  const file = { path: found.path, name: found.name, tree: yaml.value, places: yaml.places };
  const collected = {
    via: new Map<string, readonly string[]>(),
    variables: new Set<string>(),
    references: [] as string[],
    problems: [...yaml.problems],
  };
  for (const template of yaml.templates) await follow(template, { root, tree: yaml.value, found, collected, ...deps });
  openEmptySections(yaml.value, root);
  return { ...file, ...collected };
}

interface Following {
  readonly root: AnySchema;
  readonly tree: Tree;
  readonly found: FoundFile;
  readonly environment: Environment;
  readonly source: FileSource;
  readonly collected: { via: Map<string, readonly string[]>; variables: Set<string>; references: string[]; problems: Problem[] };
}

async function follow(template: PendingTemplate, { root, tree, found, environment, source, collected }: Following): Promise<void> {
  const absolute = (path: string) => resolve(found.path, '..', path);
  const resolved = await resolveTemplate(template.parts, {
    environment,
    readFile: (path) => source.readFile(absolute(path), REFERENCED_BYTES_MAX),
  });
  for (const { reference, message, hint } of resolved.failures) {
    collected.problems.push({ file: found.name, ...template.placeOf(reference), path: formatPath(template.path), message, hint });
  }
  for (const name of resolved.via) if (!name.startsWith('file:')) collected.variables.add(name);
  collected.references.push(...resolved.files.map(absolute));
  // `$${` alone is no reference: the text is what it is.
  const value = resolved.via.length === 0 ? resolved.text : coerce(resolved.text, schemasAt(root, template.path));
  if (resolved.via.length > 0) collected.via.set(formatPath(template.path), resolved.via);
  replace(tree, template.path, value);
}

/** `server:` with nothing below it (all lines commented out) is an empty section, not a missing value. */
function openEmptySections(tree: Tree, root: AnySchema): void {
  eachLeaf(tree, (path, value) => {
    if (value !== null || path.length === 0) return;
    const takesSection = schemasAt(root, path)
      .flatMap(shapesOf)
      .some((shape) => shape.kind === 'section' || shape.kind === 'record');
    if (takesSection) replace(tree, path, {});
  });
}

function replace(tree: Tree, path: ConfigPath, value: unknown): void {
  const parent = valueAt(tree, path.slice(0, -1)) as Record<string | number, unknown>;
  parent[path.at(-1) ?? ''] = value;
}
