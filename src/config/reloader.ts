/*
 * A new configuration while the old one serves: load → check → build → swap. Whatever goes wrong before the swap, the old one
 * goes on as if nothing had happened, and the problems are logged and returned.
 */

import type { Clock } from '../base/clock.ts';
import type { Logger } from '../telemetry/logger.ts';
import { changedPaths, needingRestart } from './changes.ts';
import type { LoadedConfig } from './load.ts';
import { ConfigError, formatProblem, type Problem } from './problem.ts';
import { createSingleFlight } from './single-flight.ts';

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
  /** Told how each reload ended. */
  readonly onResult?: (result: ReloadResult) => void;
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

export function createReloader(options: ReloaderOptions, deps: ReloaderDeps): Reloader {
  const { clock, logger } = deps;
  let { loaded } = options;
  let lastResult: ReloadResult | undefined;

  const attempt = async (trigger: ReloadTrigger): Promise<ReloadResult> => {
    const atMs = clock.now();
    // Before reading: the way to the files may lead elsewhere by now, and what changes from here on must be noticed.
    watched.anew();
    try {
      const next = await options.load();
      if (next.unsafe.length > 0) throw new ConfigError(next.unsafe, next.dependencies);
      const changed = changedPaths(loaded.config, next.config);
      if (changed.length > 0) await options.apply(next);
      loaded = next;
      watched.follow(next.dependencies);
      if (changed.length === 0) return { kind: 'unchanged', trigger, atMs };
      return { kind: 'applied', trigger, atMs, changed, needRestart: needingRestart(changed) };
    } catch (error) {
      if (!(error instanceof ConfigError)) return { kind: 'refused', trigger, atMs, problems: [{ path: '', message: messageOf(error) }] };
      // What would mend it is watched beside what is in force.
      watched.follow([...loaded.dependencies, ...error.dependencies]);
      return { kind: 'refused', trigger, atMs, problems: error.problems };
    }
  };

  const flight = createSingleFlight(async (trigger: ReloadTrigger) => {
    const result = await attempt(trigger);
    // Reading the same again says nothing new, unless it takes back a refusal.
    if (result.kind !== 'unchanged' || lastResult?.kind !== 'applied') lastResult = result;
    report(result, logger);
    deps.onResult?.(result);
    return result;
  });
  const watched = createWatched(loaded.dependencies, () => void flight.start('file'), deps);

  return {
    reload: (trigger) => flight.start(trigger),
    get loaded() {
      return loaded;
    },
    get lastResult() {
      return lastResult;
    },
    async [Symbol.asyncDispose]() {
      watched[Symbol.dispose]();
      await flight.settled();
    },
  };
}

interface Watched extends Disposable {
  /** Watches the same files, by the way that leads to them now. */
  anew(): void;
  /** Watches other files. Those that were not watched while they were read may have changed since: says so. */
  follow(paths: readonly string[]): void;
}

/** Calls `onQuiet` when something changed and it has been quiet for a while. */
function createWatched(paths: readonly string[], onQuiet: () => void, { clock, logger, watch }: ReloaderDeps): Watched {
  let dependencies = paths;
  let watching: Disposable | undefined;
  let quiet: Disposable | undefined;
  let isClosed = watch === undefined;

  const close = () => {
    watching?.[Symbol.dispose]();
    watching = undefined;
  };
  const onChange = () => {
    quiet?.[Symbol.dispose]();
    if (!isClosed) quiet = clock.after(QUIET_MS, onQuiet);
  };
  const onError = (error: Error) =>
    logger.warn('The configuration is not watched for changes; reload it with SIGHUP', { reason: error.message });
  const anew = () => {
    close();
    if (!isClosed && dependencies.length > 0) watching = watch?.(dependencies, onChange, onError);
  };

  anew();
  return {
    anew,
    follow(next) {
      const known = new Set(dependencies);
      dependencies = [...new Set(next)];
      if (!isClosed && dependencies.some((path) => !known.has(path))) onQuiet();
    },
    [Symbol.dispose]() {
      isClosed = true;
      quiet?.[Symbol.dispose]();
      close();
    },
  };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
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
