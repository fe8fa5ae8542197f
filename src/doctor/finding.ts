/*
 * What the doctor says about one thing: how it is, what was seen, and what to do. No finding ever holds a secret: what is shown of a key is its
 * name, and of a URL what `shown` leaves of it.
 */

import { withoutCredentials } from '../config/secret.ts';

/**
 * `ok`: as it should be. `warn`: it works, and will not be enough. `fail`: it does not work, or is open to others. `skipped`: it is not used
 * here, or could not be seen from here; says why.
 */
export type Level = 'ok' | 'warn' | 'fail' | 'skipped';

export interface Finding {
  /** Stable: `keys.strength`. Several findings of one kind differ in `subject`. */
  readonly id: string;
  /** What it is about where there are several: a key's name, a provider, a file. */
  readonly subject?: string;
  readonly level: Level;
  /** One sentence. */
  readonly seen: string;
  /** The exact setting, variable or command; with `warn` and `fail`, always. */
  readonly todo?: string;
}

export function ok(id: string, seen: string, subject?: string): Finding {
  return finding({ id, level: 'ok', seen }, subject);
}

export function skipped(id: string, seen: string, subject?: string): Finding {
  return finding({ id, level: 'skipped', seen }, subject);
}

interface Advice {
  readonly seen: string;
  readonly todo: string;
  readonly subject?: string;
}

export function warn(id: string, { seen, todo, subject }: Advice): Finding {
  return finding({ id, level: 'warn', seen, todo }, subject);
}

export function fail(id: string, { seen, todo, subject }: Advice): Finding {
  return finding({ id, level: 'fail', seen, todo }, subject);
}

/** What is a fault in production, and elsewhere worth a thought. */
export function graver(isProduction: boolean): (id: string, advice: Advice) => Finding {
  return isProduction ? fail : warn;
}

function finding(parts: Finding, subject: string | undefined): Finding {
  return subject === undefined ? parts : { ...parts, subject };
}

/** A URL as it may be shown: without credentials, and without what might be one in its query. */
export function shown(url: string): string {
  return withoutCredentials(url);
}
