/*
 * A YAML text as plain values, with the place of each. The library parses; the walk over its tree is ours, because it gives
 * values, places and references in one go, and because it holds the bounds: size, depth, and how much aliases may multiply.
 *
 * This file is imported only when there is a configuration file: the parser costs more to load than everything else in config/.
 */

import {
  type Alias,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseDocument,
  type Scalar,
  type YAMLMap,
} from 'yaml';
import { type ConfigPath, formatPath, type Tree } from './config-path.ts';
import { parseTemplate, type TemplatePart } from './interpolation.ts';
import type { Problem } from './problem.ts';

const DEPTH_MAX = 64;
/** Values after aliases were followed. No configuration that people write comes near. */
const VALUES_MAX = 200_000;

export interface Place {
  readonly line: number;
  readonly column: number;
}

/** Where an entry stands: its name, and its value. A list's items have no name. */
export interface EntryPlace {
  readonly name: Place;
  readonly value: Place;
}

export interface PendingTemplate {
  readonly path: ConfigPath;
  readonly parts: readonly TemplatePart[];
  /** Where a reference in it stands, by the reference's beginning (`${NAME`). */
  placeOf(reference: string): Place;
}

export interface YamlSource {
  readonly value: Tree;
  /** By formatted path. */
  readonly places: ReadonlyMap<string, EntryPlace>;
  /** Texts with references, whose value is still the raw text. */
  readonly templates: readonly PendingTemplate[];
  readonly problems: readonly Problem[];
}

/** Parses a configuration file. `file` is its name in problems. */
export function parseYaml(text: string, file: string): YamlSource {
  const lineCounter = new LineCounter();
  const document = parseDocument(text, { lineCounter, merge: true, uniqueKeys: true, prettyErrors: false, logLevel: 'error' });
  const walk = new Walk({ text, file, lineCounter });
  for (const error of [...document.errors, ...document.warnings]) {
    // The parser says everything that follows from one mistake; what is said first is what to mend.
    if (error.code === 'UNEXPECTED_TOKEN' && document.errors.length > 1 && error !== document.errors[0]) continue;
    const hint = hintFor(error.code, walk.lineAt(error.pos[0]));
    walk.problem(walk.placeAt(error.pos[0]), [], {
      message: yamlMessage(error.code, error.message),
      ...(hint === undefined ? {} : { hint }),
    });
  }
  if (document.errors.length > 0) return { value: {}, places: walk.places, templates: [], problems: walk.problems };

  const root = document.contents;
  let value: Tree = {};
  if (isMap(root)) value = walk.section(root, []);
  else if (root !== null && !(isScalar(root) && root.value === null)) {
    walk.problem(walk.placeAt(root.range?.[0] ?? 0), [], { message: 'a configuration is a set of sections, such as `server:`' });
  }
  return { value, places: walk.places, templates: walk.templates, problems: walk.problems };
}

class Walk {
  readonly places = new Map<string, EntryPlace>();
  readonly templates: PendingTemplate[] = [];
  readonly problems: Problem[] = [];
  readonly #source: { text: string; file: string; lineCounter: LineCounter };
  readonly #anchors = new Map<string, Node>();
  readonly #following = new Set<Node>();
  #values = 0;

  constructor(source: { text: string; file: string; lineCounter: LineCounter }) {
    this.#source = source;
  }

  placeAt(offset: number): Place {
    const { line, col } = this.#source.lineCounter.linePos(Math.min(offset, this.#source.text.length));
    return { line: Math.max(1, line), column: Math.max(1, col) };
  }

  lineAt(offset: number): string {
    const { text } = this.#source;
    const end = text.indexOf('\n', offset);
    return text.slice(text.lastIndexOf('\n', offset - 1) + 1, end === -1 ? undefined : end);
  }

  problem(place: Place, path: ConfigPath, said: Pick<Problem, 'message' | 'hint'>): void {
    this.problems.push({ file: this.#source.file, ...place, path: formatPath(path), ...said });
  }

  section(map: YAMLMap, path: ConfigPath): Tree {
    this.#remember(map);
    const merged: Tree = {};
    const own: Tree = {};
    for (const pair of map.items) {
      const name = nameOf(pair);
      const place = this.#placeOf(pair.key as Node | null);
      if (isMergeKey(pair)) Object.assign(merged, this.#merge(pair.value as Node | null, path));
      else if (name === undefined) this.problem(place, path, { message: 'a name must be a plain text' });
      else if (name === '__proto__') this.problem(place, path, { message: `'${name}' cannot be a name` });
      else own[name] = this.#entry(pair.value as Node | null, [...path, name], place);
    }
    return { ...merged, ...own };
  }

  #entry(node: Node | null, path: ConfigPath, name: Place | undefined): unknown {
    const value = node === null ? name : this.#placeOf(node);
    const at = value ?? { line: 1, column: 1 };
    this.places.set(formatPath(path), { name: name ?? at, value: at });
    return this.#value(node, path);
  }

  #value(node: Node | null, path: ConfigPath): unknown {
    this.#values += 1;
    if (this.#values > VALUES_MAX || path.length > DEPTH_MAX) {
      if (this.problems.length === 0)
        this.problem(this.#placeOf(node), path, { message: 'too many values, or too deep: aliases multiply what they stand for' });
      return undefined;
    }
    if (node === null) return null;
    if (isAlias(node)) return this.#follow(node, path, (target) => this.#value(target, path));
    this.#remember(node);
    if (isMap(node)) return this.section(node, path);
    if (isSeq(node)) return node.items.map((item, index) => this.#entry(item as Node | null, [...path, index], undefined));
    return isScalar(node) ? this.#scalar(node, path) : undefined;
  }

  #scalar(node: Scalar, path: ConfigPath): unknown {
    const { value } = node;
    if (typeof value !== 'string' || !value.includes('${')) return value;
    const start = node.range?.[0] ?? 0;
    const raw = this.#source.text.slice(start, node.range?.[1] ?? start);
    const placeOf = (reference: string) => this.placeAt(start + Math.max(0, raw.indexOf(reference)));
    const template = parseTemplate(value);
    if (template.ok) this.templates.push({ path, parts: template.parts, placeOf });
    else this.problem(placeOf('${'), path, { message: template.message, hint: template.hint });
    return value;
  }

  #merge(node: Node | null, path: ConfigPath): Tree {
    if (isAlias(node)) return this.#follow(node, path, (target) => this.#merge(target, path)) ?? {};
    if (isMap(node)) return this.section(node, path);
    // In a list of merges the earlier one wins.
    if (isSeq(node)) return node.items.reduceRight<Tree>((all, item) => Object.assign(all, this.#merge(item as Node | null, path)), {});
    this.problem(this.#placeOf(node), path, { message: '`<<` takes a section or an alias of one' });
    return {};
  }

  #follow<T>(alias: Alias, path: ConfigPath, use: (target: Node) => T): T | undefined {
    const anchor = alias.source;
    const target = this.#anchors.get(anchor);
    if (target === undefined || this.#following.has(target)) {
      this.problem(this.#placeOf(alias), path, {
        message: `the alias *${anchor} stands for ${target === undefined ? 'nothing' : 'itself'}`,
      });
      return undefined;
    }
    this.#following.add(target);
    try {
      return use(target);
    } finally {
      this.#following.delete(target);
    }
  }

  #remember(node: Node & { anchor?: string }): void {
    if (node.anchor !== undefined) this.#anchors.set(node.anchor, node);
  }

  #placeOf(node: Node | null | undefined): Place {
    return this.placeAt(node?.range?.[0] ?? 0);
  }
}

function nameOf(pair: Pair): string | undefined {
  if (!isScalar(pair.key)) return undefined;
  const { value } = pair.key;
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
    ? String(pair.key.source ?? value)
    : undefined;
}

/** `<<`, which the parser turns into a symbol. */
function isMergeKey(pair: Pair): boolean {
  return isScalar(pair.key) && (typeof pair.key.value === 'symbol' || (pair.key.value === '<<' && pair.key.type === 'PLAIN'));
}

function yamlMessage(code: string, message: string): string {
  switch (code) {
    case 'DUPLICATE_KEY':
      return 'this name stands here twice';
    case 'TAB_AS_INDENT':
      return 'tabs cannot indent';
    case 'MULTIPLE_DOCS':
      return 'a configuration is one document: `---` may stand at the top alone';
    default:
      return `not YAML: ${message.charAt(0).toLowerCase()}${message.slice(1)}`;
  }
}

function hintFor(code: string, line: string): string | undefined {
  if (code === 'TAB_AS_INDENT') return 'indent with spaces';
  // Braces mean something to YAML inside `{ … }` and `[ … ]`.
  if (line.includes('${') && code !== 'DUPLICATE_KEY') return 'put values with ${…} in double quotes';
  return undefined;
}
