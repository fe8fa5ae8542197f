/*
 * Where a value stands in the configuration: `server.port`, `auth.keys[0].key`, `models["gpt-4.1"].targets[0]`.
 */

export type ConfigPath = readonly (string | number)[];

const PLAIN_NAME = /^[A-Za-z_][\w-]*$/;

/** The path as people write it; the root is the empty text. */
export function formatPath(path: ConfigPath): string {
  let text = '';
  for (const segment of path) {
    if (typeof segment === 'number') text += `[${segment}]`;
    else if (PLAIN_NAME.test(segment)) text += text === '' ? segment : `.${segment}`;
    else text += `[${JSON.stringify(segment)}]`;
  }
  return text;
}

/** Reads what `formatPath` writes; undefined when it is no path. */
export function parsePath(text: string): ConfigPath | undefined {
  const path: (string | number)[] = [];
  const token = /(?:^|\.)([\w-]+)|\[(\d+)\]|\[("(?:[^"\\]|\\.)*")\]/y;
  while (token.lastIndex < text.length) {
    const match = token.exec(text);
    if (match === null) return undefined;
    const [, name, index, quoted] = match;
    if (name !== undefined) path.push(name);
    else if (index !== undefined) path.push(Number(index));
    else path.push(unquote(quoted ?? ''));
  }
  // A name that would reach the prototype of every object is nobody's setting.
  return path.length === 0 || path.includes('__proto__') ? undefined : path;
}

function unquote(quoted: string): string {
  try {
    return String(JSON.parse(quoted));
  } catch {
    return quoted.slice(1, -1);
  }
}

/** A section or an entry by name: what YAML calls a mapping. */
export type Tree = { [name: string]: unknown };

export function isTree(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The value at a path, or undefined. Inherited properties do not count. */
export function valueAt(tree: unknown, path: ConfigPath): unknown {
  let value = tree;
  for (const segment of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, segment)) return undefined;
    value = (value as Record<string | number, unknown>)[segment];
  }
  return value;
}

/** Calls `visit` for every value without parts: scalars, and empty lists and sections. */
export function eachLeaf(value: unknown, visit: (path: ConfigPath, value: unknown) => void, path: ConfigPath = []): void {
  const parts: [string | number, unknown][] = Array.isArray(value)
    ? value.map((item, index) => [index, item])
    : isTree(value)
      ? Object.entries(value)
      : [];
  if (parts.length === 0) {
    visit(path, value);
    return;
  }
  for (const [segment, part] of parts) eachLeaf(part, visit, [...path, segment]);
}
