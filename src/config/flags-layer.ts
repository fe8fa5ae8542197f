/*
 * Flags as a layer, the highest one.
 */

import { parsePath } from './config-path.ts';
import type { Layers } from './layers.ts';
import type { Problem } from './problem.ts';
import type { AnySchema } from './schema-fields.ts';
import { assignText } from './written-value.ts';

/** One setting given on the command line. */
export interface FlagValue {
  /** As typed, for messages: `--port`, `--set limits.mode`. */
  readonly flag: string;
  readonly path: string;
  readonly text: string;
}

/** Puts flags on top of `layers`; returns what could not be understood. */
export function applyFlags(flags: readonly FlagValue[], root: AnySchema, layers: Layers): Problem[] {
  const problems: Problem[] = [];
  for (const { flag, path: given, text } of flags) {
    const parsed = parsePath(given);
    if (parsed === undefined) {
      problems.push({ source: `flag ${flag}`, path: given, message: 'is not a path such as server.port or models["gpt-4.1"].aliases' });
      continue;
    }
    const problem = assignText({ root, layers }, { path: parsed, text, origin: { kind: 'flag', name: flag } });
    if (problem !== undefined) problems.push(problem);
  }
  return problems;
}
