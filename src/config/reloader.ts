/*
 * A new configuration while the old one serves: load → check → build → swap. Whatever goes wrong before the swap, the old one
 * goes on as if nothing had happened, and the problems are logged and returned.
 *
 * One reload runs at a time. Who asks meanwhile shares the one after it: that one reads what is there by then, so a change is
 * never missed, and a thousand requests make two reloads.
 */

import type { Clock } from '../base/clock.ts';
import type { Logger } from '../telemetry/logger.ts';
import { changedPaths, needingRestart } from './changes.ts';
import type { LoadedConfig } from './load.ts';
import { ConfigError, formatProblem, type Problem } from './problem.ts';
import { unsafe } from './safety.ts';

/** Editors write more than once, and a ConfigMap is swapped in steps: wait until it is quiet. */
const QUIET_MS = 150;

export type ReloadTrigger = 'file' | 'signal' | 'admin';

/** `unchanged`: the same values as before, and nothing was built. */
export type ReloadResult =
  | {
      readonly kind: 'applied';
      readonly trigger: ReloadTrigger;
      readonly atMs: number;
      readonly changed: readonly string[];
      readonly needRestart: readonly string[];
    }
  | { readonly kind: 'unchanged'; readonly trigger: ReloadTrigger; readonly atMs: number }
  | { readonly kind: 'refused'; readonly trigger: ReloadTrigger; readonly atMs: number; readonly problems: readonly Problem[] };

export interface ReloaderOptions {
  /** What serves now. */
  readonly loaded: LoadedConfig;
  /** Loads anew; rejects with a ConfigError. */
  load(): Promise<LoadedConfig>;
  /** Builds everything for the new configuration, then swaps. When it rejects, nothing may have changed. */
  apply(loaded: LoadedConfig): Promise<void>;
}

export interface ReloaderDeps {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Usually `watchFiles`; absent: nothing is watched. */
  readonly watch?: (paths: readonly string[], onChange: () => void, onError: (error: Error) => void) => Disposable;
}

export interface Reloader extends AsyncDisposable {
  /** Reads everything anew. Resolves when done, never rejects. */
  reload(trigger: ReloadTrigger): Promise<ReloadResult>;
  /** The configuration in force. */
  readonly loaded: LoadedConfig;
  readonly lastResult: ReloadResult | undefined;
}

export function createReloader(options: ReloaderOptions, { clock, logger, watch }: ReloaderDeps): Reloader {
  let { loaded } = options;
  let running: Promise<ReloadResult> | undefined;
  let queued: Promise<ReloadResult> | undefined;
  let lastResult: ReloadResult | undefined;
  let watching: Disposable | undefined;
  let quiet: Disposable | undefined;
  let dependencies = loaded.dependencies;
  let closed = false;

  const watchAnew = () => {
    watching?.[Symbol.dispose]();
    watching = undefined;
    if (watch === undefined || closed || dependencies.length === 0) return;
    watching = watch(
      dependencies,
      () => {
        quiet?.[Symbol.dispose]();
        if (!closed) quiet = clock.after(QUIET_MS, () => void start('file'));
      },
      (error) => logger.warn('The configuration is not watched for changes; reload it with SIGHUP', { reason: error.message }),
    );
  };

  const attempt = async (trigger: ReloadTrigger): Promise<ReloadResult> => {
    const atMs = clock.now();
    // Before reading: the way to the files may lead elsewhere by now, and what changes from here on must be noticed.
    watchAnew();
    try {
      const next = await options.load();
      const problems = unsafe(next.config);
      if (problems.length > 0) throw new ConfigError(problems);
      const changed = changedPaths(loaded.config, next.config);
      if (changed.length > 0) await options.apply(next);
      loaded = next;
      follow(next.dependencies);
      return changed.length === 0
        ? { kind: 'unchanged', trigger, atMs }
        : { kind: 'applied', trigger, atMs, changed, needRestart: needingRestart(changed) };
    } catch (error) {
      // What would mend it is watched beside what is in force.
      if (error instanceof ConfigError) follow([...loaded.dependencies, ...error.dependencies]);
      const problems =
        error instanceof ConfigError ? error.problems : [{ path: '', message: error instanceof Error ? error.message : String(error) }];
      return { kind: 'refused', trigger, atMs, problems };
    }
  };

  /** Files that were not watched while they were read may have changed since: read once more. */
  const follow = (next: readonly string[]) => {
    const known = new Set(dependencies);
    const more = next.some((path) => !known.has(path));
    dependencies = [...new Set(next)];
    if (more && watch !== undefined && !closed) void start('file');
  };

  const run = async (trigger: ReloadTrigger): Promise<ReloadResult> => {
    const result = await attempt(trigger);
    // Reading the same again says nothing new, unless it takes back a refusal.
    if (result.kind !== 'unchanged' || lastResult?.kind !== 'applied') lastResult = result;
    report(result, logger);
    return result;
  };

  const start = (trigger: ReloadTrigger): Promise<ReloadResult> => {
    if (queued !== undefined) return queued;
    if (running === undefined) return begin(trigger);
    queued = running.then(() => {
      queued = undefined;
      return begin(trigger);
    });
    return queued;
  };

  const begin = (trigger: ReloadTrigger): Promise<ReloadResult> => {
    const mine = run(trigger).finally(() => {
      if (running === mine) running = undefined;
    });
    running = mine;
    return mine;
  };

  watchAnew();
  return {
    reload: start,
    get loaded() {
      return loaded;
    },
    get lastResult() {
      return lastResult;
    },
    async [Symbol.asyncDispose]() {
      closed = true;
      quiet?.[Symbol.dispose]();
      watching?.[Symbol.dispose]();
      await queued;
      await running;
    },
  };
}

function report(result: ReloadResult, logger: Logger): void {
  switch (result.kind) {
    case 'applied':
      logger.info('Configuration reloaded', { trigger: result.trigger, changed: result.changed });
      if (result.needRestart.length > 0) logger.warn('Some changes take effect at the next start alone', { changed: result.needRestart });
      return;
    case 'unchanged':
      logger.debug('Configuration read again: nothing changed', { trigger: result.trigger });
      return;
    case 'refused':
      logger.error('Configuration refused; the one before stays in force', {
        trigger: result.trigger,
        problems: result.problems.map(formatProblem),
      });
      return;
    default:
      result satisfies never;
  }
}
