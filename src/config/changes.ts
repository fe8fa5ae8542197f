/*
 * What differs between two configurations, by path and without values: a log line must not hold a secret.
 */

import type { Config } from './config.ts';
import { type ConfigPath, formatPath, isTree } from './config-path.ts';

/** Changes below these take effect at the next start alone: they are about the process, its socket, and what is opened once. */
const NEEDS_RESTART = [
  'server.host',
  'server.port',
  'server.workers',
  'server.tls',
  'server.head_bytes_max',
  'server.headers_max',
  'server.keep_alive',
  'server.body_timeout',
  'server.body_rate_min',
  'server.trusted_proxies',
  'server.cors',
  'server.security_headers',
  'state',
  'context.index_bytes_max',
  'telemetry.log',
  'telemetry.metrics.series_max',
  'telemetry.traces.otlp_endpoint',
  'telemetry.traces.headers',
];

/** Paths whose value changed, came or went. A list that grew or shrank is one change. */
export function changedPaths(before: Config, after: Config): string[] {
  return [...differences(before, after, [])].map(formatPath).sort();
}

/** Those of the changed paths that a reload cannot bring about. */
export function needingRestart(changed: readonly string[]): string[] {
  return changed.filter((path) =>
    NEEDS_RESTART.some((prefix) => path === prefix || path.startsWith(`${prefix}.`) || path.startsWith(`${prefix}[`)),
  );
}

function* differences(before: unknown, after: unknown, path: ConfigPath): Generator<ConfigPath> {
  if (Object.is(before, after)) return;
  if (isTree(before) && isTree(after)) {
    const names = new Set([...Object.keys(before), ...Object.keys(after)]);
    for (const name of names) yield* differences(before[name], after[name], [...path, name]);
  } else if (Array.isArray(before) && Array.isArray(after) && before.length === after.length) {
    for (const [index, item] of before.entries()) yield* differences(item, after[index], [...path, index]);
  } else {
    yield path;
  }
}
