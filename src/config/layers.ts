/*
 * Layers of one configuration, lowest first: what is added later wins, value by value, and who gave each value is remembered.
 */

import { type ConfigPath, eachLeaf, formatPath, isTree, type Tree, valueAt } from './config-path.ts';
import { type AnySchema, defaultOf, schemasAt, shapesOf } from './schema-fields.ts';

export type Origin =
  | { readonly kind: 'default' }
  | { readonly kind: 'preset'; readonly name: string; readonly line: number }
  /** `via`: the references that were followed (`OPENAI_API_KEY`, `file:/run/secrets/key`). */
  | { readonly kind: 'file'; readonly file: string; readonly line: number; readonly column: number; readonly via?: readonly string[] }
  /** `from`: the line of `--env-file` that gave it (`.env:3`). */
  | { readonly kind: 'env'; readonly name: string; readonly from?: string }
  | { readonly kind: 'flag'; readonly name: string }
  | { readonly kind: 'zero-config'; readonly reason: string };

/** One value, wherever it came from. A section or list replaces the one below it as a whole. */
export interface Assignment {
  readonly path: ConfigPath;
  readonly value: unknown;
  readonly origin: Origin;
}

const DEFAULT: Origin = { kind: 'default' };

/** `gatehouse.yaml:12:5 via OPENAI_API_KEY`, `preset stillme:9`, `env PORT`, `env PORT (.env:3)`, `flag --port`, `zero-config: Ollama answers`, `default`. */
export function formatOrigin(origin: Origin): string {
  switch (origin.kind) {
    case 'default':
      return 'default';
    case 'preset':
      return `preset ${origin.name}:${origin.line}`;
    case 'file':
      return `${origin.file}:${origin.line}:${origin.column}${origin.via === undefined ? '' : ` via ${origin.via.join(', ')}`}`;
    case 'env':
      return `env ${origin.name}${origin.from === undefined ? '' : ` (${origin.from})`}`;
    case 'flag':
      return `flag ${origin.name}`;
    case 'zero-config':
      return `zero-config: ${origin.reason}`;
    default:
      return origin satisfies never;
  }
}

export interface Layers {
  readonly tree: Tree;
  /**
   * Lays a whole file over what is there, value by value; a list replaces the one below it as a whole, and null takes away what is
   * below. `originOf` is asked for every scalar and every empty section or list.
   */
  lay(sections: Tree, originOf: (path: ConfigPath) => Origin): void;
  /** Puts a value on top of what is there. False, and nothing done, where something below is no section or list to put it into. */
  assign(assignment: Assignment): boolean;
  /** Puts an entry behind the others of its section, where order means something. */
  moveLast(section: string, name: string): void;
  /**
   * Who gave the value at a path: itself, or the scalar that stands for the section it is in; else the default. For a section or
   * list, who gave the first value in it.
   */
  originOf(path: ConfigPath): Origin;
}

/** `root` says where lists are, and which defaults a section begins with when only one of its values is given. */
export function createLayers(root: AnySchema): Layers {
  const tree: Tree = {};
  const origins = new Map<string, Origin>();

  const forgetBelow = (path: ConfigPath) => {
    eachLeaf(valueAt(tree, path), (below) => origins.delete(formatPath([...path, ...below])));
  };

  const originOfParts = (path: ConfigPath): Origin | undefined => {
    let first: Origin | undefined;
    eachLeaf(valueAt(tree, path), (below) => {
      first ??= origins.get(formatPath([...path, ...below]));
    });
    return first;
  };

  return {
    tree,
    lay(sections, originOf) {
      const layOver = (below: Tree, parts: Tree, at: ConfigPath): void => {
        for (const [name, value] of Object.entries(parts)) {
          const path = [...at, name];
          const given = Object.hasOwn(below, name) ? below[name] : undefined;
          if (isTree(given) && isTree(value) && Object.keys(given).length > 0) {
            layOver(given, value, path);
            continue;
          }
          forgetBelow(path);
          if (value === null && given !== undefined) {
            delete below[name];
            continue;
          }
          below[name] = value;
          eachLeaf(value, (inner) => origins.set(formatPath([...path, ...inner]), originOf([...path, ...inner])));
        }
      };
      layOver(tree, sections, []);
    },
    assign({ path, value, origin }) {
      const parent = reach(tree, path, root);
      const last = path.at(-1);
      if (parent === undefined || last === undefined) return false;
      forgetBelow(path);
      // An empty section on the way here was a leaf; now it is not.
      for (let length = 1; length < path.length; length += 1) origins.delete(formatPath(path.slice(0, length)));
      parent[last] = value;
      eachLeaf(value, (below) => origins.set(formatPath([...path, ...below]), origin));
      return true;
    },
    moveLast(section, name) {
      const entries = tree[section];
      if (!isTree(entries) || !Object.hasOwn(entries, name)) return;
      const entry = entries[name];
      delete entries[name];
      entries[name] = entry;
    },
    originOf(path) {
      const own = origins.get(formatPath(path)) ?? originOfParts(path);
      if (own !== undefined) return own;
      for (let length = path.length - 1; length > 0; length -= 1) {
        const above = path.slice(0, length);
        const origin = origins.get(formatPath(above));
        if (origin === undefined) continue;
        const given = valueAt(tree, above);
        return typeof given === 'object' && given !== null ? DEFAULT : origin;
      }
      return DEFAULT;
    },
  };
}

/** The section or list that holds the last segment of `path`, made where missing; undefined when something else is in the way. */
function reach(tree: Tree, path: ConfigPath, root: AnySchema): Record<string | number, unknown> | undefined {
  let at: Record<string | number, unknown> = tree;
  for (let depth = 0; depth < path.length - 1; depth += 1) {
    const segment = path[depth];
    if (segment === undefined) return undefined;
    let next = Object.hasOwn(at, segment) ? at[segment] : undefined;
    next ??= beginning(root, path.slice(0, depth + 1), typeof path[depth + 1] === 'number');
    if (!isTree(next) && !Array.isArray(next)) return undefined;
    at[segment] = next;
    at = next as Record<string | number, unknown>;
  }
  return at;
}

/**
 * What a section holds before its first value is given: its default, so that one variable changes one value and no other.
 * (`limits.default` is a minute's and an hour's limit; RATE_LIMIT_PER_MINUTE must not take the hour's away.)
 */
function beginning(root: AnySchema, path: ConfigPath, isList: boolean): unknown {
  for (const schema of schemasAt(root, path)) {
    const value = defaultOf(schema);
    if (Array.isArray(value) === isList && typeof value === 'object' && value !== null) return structuredClone(value);
  }
  return isList ? [] : {};
}

/**
 * The same path with list positions as numbers and names as they stand: `auth.keys.0` is `auth.keys[0]`, and `MAX_SERVE` the
 * entry `max-serve`, if there is one. Undefined when the schema has no such place; then `known` says how far it goes.
 */
export function alignPath(
  root: AnySchema,
  segments: ConfigPath,
  tree: Tree,
): { path: ConfigPath } | { known: ConfigPath; unknown: string } {
  const path: (string | number)[] = [];
  for (const segment of segments) {
    const shapes = schemasAt(root, path).flatMap(shapesOf);
    const aligned = shapes.map((shape) => alignSegment(shape, String(segment), valueAt(tree, path))).find((found) => found !== undefined);
    if (aligned === undefined) return { known: path, unknown: String(segment) };
    path.push(aligned);
  }
  return { path };
}

function alignSegment(shape: ReturnType<typeof shapesOf>[number], segment: string, given: unknown): string | number | undefined {
  const same = (name: string) => name.toLowerCase().replaceAll(/[^a-z\d]/g, '_') === segment.toLowerCase().replaceAll(/[^a-z\d]/g, '_');
  switch (shape.kind) {
    case 'section':
      return shape.fields.has(segment) ? segment : [...shape.fields.keys()].find(same);
    case 'record': {
      if (!isTree(given)) return segment;
      return Object.hasOwn(given, segment) ? segment : (Object.keys(given).find(same) ?? segment);
    }
    case 'list':
      return /^\d{1,4}$/.test(segment) ? Number(segment) : undefined;
    default:
      return undefined;
  }
}
