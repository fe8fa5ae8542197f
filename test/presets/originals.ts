/*
 * What the older gateways' documents promise, read from their tables and code blocks: variables, defaults, ports, endpoints.
 */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Original {
  readonly preset: string;
  /** The whole document. */
  readonly text: string;
}

export interface DocumentedVariable {
  readonly name: string;
  /** As documented; undefined where the document gives none. */
  readonly fallback: string | undefined;
}

export interface Endpoint {
  readonly method: string;
  /** Without a `*` at its end. */
  readonly path: string;
}

const DOCUMENTS: readonly (readonly [preset: string, file: string])[] = [
  ['stillme', 'stillme-gateway'],
  ['ai-microservices', 'ai-microservices-gateway'],
  ['ai-platform', 'ai-platform-gateway'],
  ['inference-lab', 'high-performance-gateway'],
  ['aivillage', 'aivillage-unified-gateway'],
];

export const ORIGINALS: readonly Original[] = DOCUMENTS.map(([preset, file]) => ({
  preset,
  text: readFileSync(join(import.meta.dirname, '..', 'originals', `${file}.md`), 'utf8'),
}));

/** Assignments in commands and env files; cells of tables of variables; names in running text. */
export function variablesOf({ text }: Original): DocumentedVariable[] {
  const defaults = defaultsOf(text);
  const named = [
    ...text.matchAll(/(?:^|[\s"`])(?:export )?([A-Z][A-Z0-9_]*)=(?=\S)/gm),
    ...text.matchAll(/^\| `([A-Z][A-Z0-9_]*)` \|/gm),
    ...text.matchAll(/`([A-Z][A-Z0-9]*_[A-Z0-9_]+)`/g),
    ...text.matchAll(/\$([A-Z][A-Z0-9]*_[A-Z0-9_]+)/g),
  ].map((match) => match[1] ?? '');
  return [...new Set(named)].sort().map((name) => ({ name, fallback: defaults.get(name) }));
}

/** Defaults are the last column of a table of variables, or what the code block below "Environment Variables" assigns. */
function defaultsOf(text: string): Map<string, string> {
  const table = [...text.matchAll(/^\| `([A-Z][A-Z0-9_]*)` \|[^|]*\| `([^`]*)` \|$/gm)];
  const block = /^### \**Environment Variables\**\n+```bash\n([^]*?)```/m.exec(text)?.[1] ?? '';
  const assigned = [...block.matchAll(/^([A-Z][A-Z0-9_]*)=(.*)$/gm)];
  return new Map([...table, ...assigned].map(([, name = '', value = '']) => [name, value]));
}

/** The port that most of the document's addresses of the gateway itself have. */
export function portOf({ text }: Original): number {
  const counts = new Map<number, number>();
  for (const [, port] of text.matchAll(/curl [^\n]*http:\/\/localhost:(\d+)\/(?:health|healthz|metrics|v1|api)\b/g)) {
    counts.set(Number(port), (counts.get(Number(port)) ?? 0) + 1);
  }
  return [...counts].toSorted(([, a], [, b]) => b - a)[0]?.[0] ?? 0;
}

/** The headers that every reply is said to carry; those in brackets only describe a value. */
export function securityHeadersOf({ text }: Original): (readonly [name: string, value: string])[] {
  return [...text.matchAll(/^- `([\w-]+): ([^`[]+)`$/gm)].map(([, name = '', value = '']) => [name, value] as const);
}

/** `POST /v1/chat` wherever it stands, rows of endpoint tables in either order of columns, and what commands call. */
export function endpointsOf(original: Original): Endpoint[] {
  const { text } = original;
  const found = [
    ...[...text.matchAll(/\b(GET|POST) (\/[\w/.*-]*)/g)].map(([, method, path]) => [method, path]),
    ...[...text.matchAll(/^\| `(\/[\w/.-]*)` \| (GET|POST) \|/gm)].map(([, path, method]) => [method, path]),
    ...[...text.matchAll(/curl(?:[^\n`]*\\\n)*[^\n`]*/g)].map(([command]) => called(command, portOf(original))),
    ...[...text.matchAll(/^- [\w ]+: http:\/\/localhost:\d+(\/[\w.]+)$/gm)].map(([, path]) => ['GET', path]),
  ];
  const endpoints = new Map<string, Endpoint>();
  for (const [method, path] of found) {
    if (method === undefined || path === undefined) continue;
    endpoints.set(`${method} ${path}`, { method, path: path.replace(/\/\*$/, '') });
  }
  return [...endpoints.values()];
}

function called(command: string, port: number): [string, string | undefined] {
  const path = new RegExp(`http://localhost:${port}(/[\\w/.-]*)`).exec(command)?.[1];
  return [/-X POST/.test(command) ? 'POST' : 'GET', path];
}
