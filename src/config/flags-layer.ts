/*
 * Flags as a layer, the highest one.
 */

import { coerce } from './coercion.ts';
import { formatPath, parsePath } from './config-path.ts';
import { suggestionBelow } from './environment-layer.ts';
import { alignPath, type Layers } from './layers.ts';
import type { Problem } from './problem.ts';
import { type AnySchema, schemasAt } from './schema-fields.ts';

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
    const aligned = alignPath(root, parsed, layers.tree);
    if ('path' in aligned) {
      layers.assign({ path: aligned.path, value: coerce(text, schemasAt(root, aligned.path)), origin: { kind: 'flag', name: flag } });
    } else {
      problems.push({
        source: `flag ${flag}`,
        path: formatPath(aligned.known),
        message: `nothing here is called '${aligned.unknown}'`,
        ...suggestionBelow(root, aligned.known, aligned.unknown),
      });
    }
  }
  return problems;
}
