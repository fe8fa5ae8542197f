/*
 * Notices that files changed, however they are replaced: written in place, renamed over (editors, `mv`), or reached through
 * symbolic links that are swapped (a Kubernetes ConfigMap: `gatehouse.yaml` → `..data/gatehouse.yaml`, `..data` → `..2026_11_21`).
 *
 * A watch on a file ends with that file, so folders are watched: of the file itself, and of every link on the way to it.
 */

import { type FSWatcher, lstatSync, readlinkSync, watch } from 'node:fs';
import { basename, dirname, isAbsolute, parse, resolve, sep } from 'node:path';

const LINKS_MAX = 40;

/**
 * Calls `onChange` after anything happened to what one of `paths` (absolute) leads to; often more than once for one change, and
 * sometimes for nothing. `onError` is told of a folder that cannot be watched; the others still are.
 */
export function watchFiles(paths: readonly string[], onChange: () => void, onError: (error: Error) => void): Disposable {
  const namesByFolder = new Map<string, Set<string>>();
  for (const path of paths) {
    for (const entry of entriesOnTheWay(path)) {
      const names = namesByFolder.get(dirname(entry)) ?? new Set();
      namesByFolder.set(dirname(entry), names.add(basename(entry)));
    }
  }
  const watchers: FSWatcher[] = [];
  for (const [folder, names] of namesByFolder) {
    try {
      const watcher = watch(folder, { persistent: false }, (_event, name) => {
        // Some systems do not say which; and a folder that was itself replaced says its own name.
        if (name === null || names.has(name) || name === basename(folder)) onChange();
      });
      watcher.on('error', onError);
      watchers.push(watcher);
    } catch (error) {
      onError(error as Error);
    }
  }
  return {
    [Symbol.dispose]: () => {
      for (const watcher of watchers) watcher.close();
    },
  };
}

/** The path itself and every symbolic link that is followed to reach the file, each as an entry of a folder without links. */
export function entriesOnTheWay(path: string): string[] {
  const entries = new Set<string>();
  const rest = partsOf(path);
  let at = parse(path).root;
  let links = 0;
  for (let part = rest.shift(); part !== undefined; part = rest.shift()) {
    const entry = resolve(at, part);
    const target = linkTarget(entry);
    if (target === undefined) {
      at = entry;
      continue;
    }
    entries.add(entry);
    links += 1;
    if (links > LINKS_MAX) break;
    rest.unshift(...partsOf(target));
    if (isAbsolute(target)) at = parse(target).root;
  }
  entries.add(at);
  return [...entries];
}

function partsOf(path: string): string[] {
  return path
    .slice(parse(path).root.length)
    .split(sep)
    .filter((part) => part !== '' && part !== '.');
}

function linkTarget(entry: string): string | undefined {
  try {
    return lstatSync(entry).isSymbolicLink() ? readlinkSync(entry) : undefined;
  } catch {
    // Not there (yet): then its coming is a change too.
    return undefined;
  }
}
