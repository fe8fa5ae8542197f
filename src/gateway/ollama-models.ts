/*
 * Which models an Ollama client sees, and under which names: the configured ones that can be called from its dialect, and what the open
 * providers (those with `models` globs) have. A row is the upstream's own, but for the name, where an Ollama serves it, and else says no more than its name.
 */

import { createGlob } from '../base/glob.ts';
import { otherName, withTag } from '../dialects/ollama/model-name.ts';
import type { Principal } from '../pipeline/facts.ts';
import type { Router } from '../routing/router.ts';
import type { Told } from '../upstream/provider-view.ts';
import { isReachable, NO_DETAILS } from './ollama-elsewhere.ts';

/** One model as a provider lists it; everything but the name is passed on as it came. */
export type ModelRow = Readonly<Record<string, unknown>> & { readonly name: string };

const ROWS_MAX = 10_000;

/** Reads the answer of /api/tags or /api/ps. Throws when it is none. */
export function parseRows(json: unknown): readonly ModelRow[] {
  const rows = (json as { models?: unknown } | null)?.models;
  if (!Array.isArray(rows)) throw new Error('the reply has no models');
  return rows.slice(0, ROWS_MAX).flatMap((row: unknown): ModelRow[] => {
    if (typeof row !== 'object' || row === null) return [];
    const { name, model } = row as { name?: unknown; model?: unknown };
    const known = typeof name === 'string' && name !== '' ? name : model;
    return typeof known === 'string' && known !== '' ? [{ ...row, name: known }] : [];
  });
}

export interface Naming {
  /** Every row under each name that the caller may use for it, each name once. */
  rename(told: readonly Told<readonly ModelRow[]>[], principal: Principal): ModelRow[];
  /** The same, and what can be called but no server of the dialect lists: what is configured, and of `others` what is reachable. */
  list(told: readonly Told<readonly ModelRow[]>[], principal: Principal, others?: readonly string[]): ModelRow[];
}

interface Named {
  /** As it is configured. */
  readonly name: string;
  /** What answers for it: `provider`, a NUL, and the model with its tag. */
  readonly targets: readonly string[];
}

export function createNaming(router: Router, config: { readonly dialect: string; readonly startedAt: string }): Naming {
  const key = (provider: string, model: string): string => `${provider}\0${withTag(model)}`;
  const taken = new Set(router.names);
  // Both names of a model of ours mean that model, whatever a provider calls its own.
  const isConfigured = (name: string): boolean => taken.has(name) || taken.has(otherName(name) ?? name);
  const configured = router.names.flatMap((name): Named[] => {
    const targets = router.targets(name, config.dialect).map((target) => key(target.provider, target.model));
    return targets.length === 0 ? [] : [{ name, targets }];
  });
  // What a server of the dialect has it tells itself. The others' models have the names that their own servers know, which know nothing of tags.
  const isElsewhere = (name: string): boolean =>
    !taken.has(name) && router.targets(name, config.dialect).length === 0 && isReachable(router, name, config.dialect);
  const reachable = router.names.filter((name) => isReachable(router, name, config.dialect));

  const rename: Naming['rename'] = (told, principal) => {
    const may = permission(principal);
    const rows = new Map<string, ModelRow>();
    const byKey = new Map(told.flatMap(({ provider, answer }) => answer.map((row) => [key(provider.name, row.name), row] as const)));
    for (const { name, targets } of configured) {
      const row = targets.map((target) => byKey.get(target)).find((found) => found !== undefined);
      if (row !== undefined && may(name)) rows.set(withTag(name), named(row, withTag(name)));
    }
    for (const { provider, answer } of told) {
      for (const row of answer) {
        if (rows.has(row.name) || !may(row.name) || isConfigured(row.name)) continue;
        // Several providers may have it; the one that answers is the one that is shown.
        if (router.targets(row.name, config.dialect)[0]?.provider === provider.name) rows.set(row.name, named(row, row.name));
      }
    }
    return [...rows.values()];
  };
  return {
    rename,
    list(told, principal, others = []) {
      const rows = rename(told, principal);
      const listed = new Set(rows.map(({ name }) => name));
      const may = permission(principal);
      const add = (name: string, shown: string): void => {
        if (listed.has(withTag(name)) || !may(name)) return;
        listed.add(withTag(name));
        rows.push(bareRow(shown, config.startedAt));
      };
      for (const name of reachable) add(name, withTag(name));
      for (const name of others) if (isElsewhere(name)) add(name, name);
      return rows;
    },
  };
}

function permission({ models }: Principal): (name: string) => boolean {
  if (models === undefined) return () => true;
  const globs = models.map((pattern) => createGlob(pattern));
  return (name) => globs.some((matches) => matches(name));
}

function named(row: ModelRow, name: string): ModelRow {
  return { ...row, name, model: name };
}

/** What clients must find in a row, as Ollama's api/types.go has it. */
function bareRow(name: string, modifiedAt: string): ModelRow {
  return { name, model: name, modified_at: modifiedAt, size: 0, digest: '', details: NO_DETAILS };
}
