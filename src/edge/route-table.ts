/*
 * Which route a path belongs to. Built once per configuration; a match is a map lookup for exact paths, and bounded work for all others.
 *
 *   /v1/models              this path, also with a slash at its end
 *   /v1/models/{id...}      one parameter, which may hold slashes; `{name}` may not. A suffix that begins with a slash or a colon may follow
 *   /v1/a/{a}/b/{b}         several parameters, each a whole segment
 *   /api/v1/pricing/*       everything below, and the bare path; the longest wins
 */

import type { Handler } from '../pipeline/policy.ts';
import type { RouteInfo } from '../pipeline/route.ts';
import type { LoadRouteDocs } from '../pipeline/route-docs.ts';

/** A route that answers. Several may share a pattern, with different methods. */
export interface Route extends RouteInfo {
  /** Upper case; `*` is any. HEAD goes to GET's where it has none of its own. */
  readonly methods: readonly string[];
  readonly handler: Handler;
  /** It is asked for a WebSocket, and for nothing else: then its method is GET, which may have a route of its own beside it. */
  readonly websocket?: true;
  /** What `/openapi.json` says of it. Every route of the gateway has it; a test sees to that. */
  readonly docs?: LoadRouteDocs;
}

/** The routes of one pattern. */
export interface RouteEntry {
  find(method: string): Route | undefined;
  /** The route that offers a WebSocket. */
  readonly socket: Route | undefined;
  /** Value of the `Allow` header. */
  readonly allow: string;
  /** The parameters of a path that matched; undefined where the pattern has none. */
  readonly params: ((path: string) => Readonly<Record<string, string>>) | undefined;
}

export interface RouteTable {
  match(path: string): RouteEntry | undefined;
}

/** Raised at start: routes that must not be served as they are. */
export class RouteTableError extends Error {
  override readonly name = 'RouteTableError';
}

/** Throws a RouteTableError for a route without `access`, a malformed pattern, or two routes for one method and pattern. */
export function createRouteTable(routes: readonly Route[]): RouteTable {
  const entries = new Map<string, Entry>();
  for (const route of routes) {
    check(route);
    const pattern = parsePattern(route.pattern);
    const key = JSON.stringify([pattern.kind, pattern.prefix, pattern.middle, pattern.suffix]);
    let entry = entries.get(key);
    if (entry === undefined) entries.set(key, (entry = new Entry(pattern)));
    entry.add(route);
  }

  const exact = new Map<string, Entry>();
  const below = new Map<string, Entry>();
  const parametric: Entry[] = [];
  let depthMax = 0;
  for (const entry of entries.values()) {
    const { kind, prefix } = entry.pattern;
    if (kind === 'exact') exact.set(prefix, entry);
    else if (kind === 'below') {
      below.set(prefix, entry);
      depthMax = Math.max(depthMax, prefix.split('/').length - 1);
    } else parametric.push(entry);
  }
  parametric.sort(
    (one, other) => other.pattern.prefix.length - one.pattern.prefix.length || other.pattern.suffix.length - one.pattern.suffix.length,
  );

  return {
    match(path) {
      const found = exact.get(path);
      if (found !== undefined) return found;
      const bare = path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path;
      if (bare !== path) {
        const tolerated = exact.get(bare);
        if (tolerated !== undefined) return tolerated;
      }
      const wild = below.size === 0 ? undefined : longestBelow(below, bare, depthMax);
      for (const entry of parametric) {
        if (wild !== undefined && wild.pattern.prefix.length >= entry.pattern.prefix.length) break;
        if (entry.covers(bare)) return entry;
      }
      return wild;
    },
  };
}

/** Walks the path from the left, no deeper than any pattern goes: a path of ten thousand slashes costs no more than a short one. */
function longestBelow(below: ReadonlyMap<string, Entry>, path: string, depthMax: number): Entry | undefined {
  let longest = below.get('');
  let end = 0;
  for (let depth = 1; depth <= depthMax; depth += 1) {
    end = path.indexOf('/', end + 1);
    const found = below.get(end === -1 ? path : path.slice(0, end));
    if (found !== undefined) longest = found;
    if (end === -1) break;
  }
  return longest;
}

interface Pattern {
  readonly kind: 'exact' | 'below' | 'segment' | 'rest' | 'segments';
  /** The whole path, the path above `/*`, or what comes before the first parameter. */
  readonly prefix: string;
  /** What stands between parameters, where there are several. */
  readonly middle: readonly string[];
  readonly suffix: string;
  readonly names: readonly string[];
}

const PATTERN = /^(?<prefix>\/[^{}*]*)(?:\{(?<name>[a-z_]+)(?<rest>\.\.\.)?\}(?<suffix>(?:[/:][^{}*]*)?))?$/;

function parsePattern(text: string): Pattern {
  const isBelow = text.endsWith('/*');
  // `/*` alone has an empty prefix.
  if (text === '/*') return { kind: 'below', prefix: '', middle: [], suffix: '', names: [] };
  const several = parseSeveral(text);
  if (several !== undefined) return several;
  const groups = PATTERN.exec(isBelow ? text.slice(0, -2) : text)?.groups;
  const { prefix, name, rest, suffix = '' } = groups ?? {};
  if (prefix === undefined || (name !== undefined && (isBelow || !prefix.endsWith('/'))))
    throw new RouteTableError(`the pattern '${text}' is none: it is a path, a path with {parameters}, or a path that ends in /*`);
  if (name === undefined) return { kind: isBelow ? 'below' : 'exact', prefix, middle: [], suffix: '', names: [] };
  return { kind: rest === undefined ? 'segment' : 'rest', prefix, middle: [], suffix, names: [name] };
}

/** Undefined for what has not several parameters. */
function parseSeveral(text: string): Pattern | undefined {
  // At even places what stands there, at odd ones the names of parameters.
  const parts = text.split(/\{([a-z_]+)\}/);
  if (parts.length < 5) return undefined;
  const fixed = parts.filter((_, at) => at % 2 === 0);
  const [prefix = '', suffix = ''] = [fixed[0], fixed.at(-1)];
  const middle = fixed.slice(1, -1);
  const isSound =
    /^\/[^{}*]*$/.test(prefix) &&
    prefix.endsWith('/') &&
    middle.every((part) => /^\/(?:[^{}*]*\/)?$/.test(part)) &&
    /^(?:[/:][^{}*]*)?$/.test(suffix);
  return isSound ? { kind: 'segments', prefix, middle, suffix, names: parts.filter((_, at) => at % 2 === 1) } : undefined;
}

/** The values of the parameters; undefined for a path that does not match. */
function segmentsOf({ prefix, middle, suffix }: Pattern, path: string): readonly string[] | undefined {
  if (!path.startsWith(prefix) || !path.endsWith(suffix)) return undefined;
  const values: string[] = [];
  let from = prefix.length;
  const to = path.length - suffix.length;
  for (const part of [...middle, undefined]) {
    const slash = path.indexOf('/', from);
    const end = part === undefined || slash === -1 || slash > to ? to : slash;
    if (end <= from || path.slice(from, end).includes('/')) return undefined;
    values.push(path.slice(from, end));
    if (part === undefined) break;
    if (!path.startsWith(part, end) || end + part.length > to) return undefined;
    from = end + part.length;
  }
  return values;
}

class Entry implements RouteEntry {
  readonly pattern: Pattern;
  readonly params: RouteEntry['params'];
  readonly #routes = new Map<string, Route>();
  socket: Route | undefined;
  allow = '';

  constructor(pattern: Pattern) {
    this.pattern = pattern;
    this.params = pattern.names.length > 0 ? (path) => this.#parameters(path) : undefined;
  }

  add(route: Route): void {
    if (route.websocket === true) {
      if (this.socket !== undefined) throw new RouteTableError(`two WebSockets at ${route.pattern}`);
      this.socket = route;
      return;
    }
    for (const method of route.methods) {
      if (this.#routes.has(method)) throw new RouteTableError(`two routes for ${method} ${route.pattern}`);
      this.#routes.set(method, route);
    }
    const methods = new Set(this.#routes.keys());
    if (methods.has('GET')) methods.add('HEAD');
    this.allow = methods.has('*') ? 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS' : [...methods.add('OPTIONS')].join(', ');
  }

  find(method: string): Route | undefined {
    return this.#routes.get(method) ?? (method === 'HEAD' ? this.#routes.get('GET') : undefined) ?? this.#routes.get('*');
  }

  /** Whether a path without a slash at its end belongs to a pattern with a parameter. */
  covers(path: string): boolean {
    const { kind, prefix, suffix } = this.pattern;
    if (kind === 'segments') return segmentsOf(this.pattern, path) !== undefined;
    if (path.length <= prefix.length + suffix.length || !path.startsWith(prefix) || !path.endsWith(suffix)) return false;
    return kind === 'rest' || !this.#parameter(path).includes('/');
  }

  #parameters(path: string): Readonly<Record<string, string>> {
    const { kind, names } = this.pattern;
    const bare = path.endsWith('/') ? path.slice(0, -1) : path;
    const values = kind === 'segments' ? (segmentsOf(this.pattern, bare) ?? []) : [this.#parameter(path)];
    return Object.fromEntries(names.map((name, at) => [name, decodeURIComponent(values[at] ?? '')]));
  }

  #parameter(path: string): string {
    const bare = path.endsWith('/') ? path.slice(0, -1) : path;
    return bare.slice(this.pattern.prefix.length, bare.length - this.pattern.suffix.length);
  }
}

const ACCESS: ReadonlySet<string> = new Set<RouteInfo['access']>(['public', 'key', 'metrics', 'admin']);

/** Routes are put together from configuration as well: the compiler has not seen all of them. */
function check(route: Route): void {
  if (!ACCESS.has(route.access)) throw new RouteTableError(`the route ${route.pattern} does not declare who may call it (access)`);
  if (route.methods.length === 0) throw new RouteTableError(`the route ${route.pattern} has no methods`);
  for (const method of route.methods) {
    if (!/^(?:\*|[A-Z]+)$/.test(method)) throw new RouteTableError(`the route ${route.pattern} has the method '${method}'`);
  }
}
