/*
 * What differs between two configurations, by path and without values: a log line must not hold a secret.
 */

import type { Config } from './config.ts';
import { type ConfigPath, formatPath, isTree } from './config-path.ts';

/** Changes below these take effect at the next start alone: they are about the process and its socket. */
const NEEDS_RESTART = ['server.host', 'server.port', 'server.workers', 'server.tls'];

/** Paths whose value changed, came or went. A list that grew or shrank is one change. */
export function changedPaths(before: Config, after: Config): string[] {
  const changed: string[] = [];
  collect(before, after, [], changed);
  return changed.sort();
}

/** Those of the changed paths that a reload cannot bring about. */
export function needingRestart(changed: readonly string[]): string[] {
  return changed.filter((path) => NEEDS_RESTART.some((prefix) => path === prefix || path.startsWith(`${prefix}.`)));
}

function collect(before: unknown, after: unknown, path: ConfigPath, changed: string[]): void {
  if (Object.is(before, after)) return;
  if (isTree(before) && isTree(after)) {
    for (const name of new Set([...Object.keys(before), ...Object.keys(after)]))
      collect(before[name], after[name], [...path, name], changed);
  } else if (Array.isArray(before) && Array.isArray(after) && before.length === after.length) {
    for (const [index, item] of before.entries()) collect(item, after[index], [...path, index], changed);
  } else {
    changed.push(formatPath(path));
  }
}
