/*
 * Values that somebody wrote by their path, in a variable or a flag: found in the schema, read as it wants them, and laid on top.
 */

import { coerce } from './coercion.ts';
import { type ConfigPath, formatPath } from './config-path.ts';
import { alignPath, formatOrigin, type Layers, type Origin } from './layers.ts';
import type { Problem } from './problem.ts';
import { type AnySchema, schemasAt, shapesOf } from './schema-fields.ts';
import { nearest } from './suggestion.ts';

/** A value as somebody wrote it, for a path as they wrote it. */
interface WrittenValue {
  readonly path: ConfigPath;
  readonly text: string;
  readonly origin: Extract<Origin, { kind: 'env' | 'flag' }>;
}

/** Lays a written value over the others, read as the schema at its path wants it; or gives the problem when nothing is called so. */
export function assignText(
  { root, layers }: { readonly root: AnySchema; readonly layers: Layers },
  written: WrittenValue,
): Problem | undefined {
  const { path, text, origin } = written;
  const aligned = alignPath(root, path, layers.tree);
  if ('path' in aligned) {
    layers.assign({ path: aligned.path, value: coerce(text, schemasAt(root, aligned.path)), origin });
    return undefined;
  }
  return {
    source: formatOrigin(origin),
    path: formatPath(aligned.known),
    message: `nothing here is called '${aligned.unknown}'`,
    ...suggestionBelow(root, aligned.known, aligned.unknown),
  };
}

/** The nearest name below a path, as the hint of a problem. */
function suggestionBelow(root: AnySchema, path: ConfigPath, name: string): { hint?: string } {
  const names = schemasAt(root, path)
    .flatMap(shapesOf)
    .flatMap((shape) => (shape.kind === 'section' ? [...shape.fields.keys()] : []));
  const near = nearest(name, names);
  return near === undefined ? {} : { hint: `did you mean '${near}'?` };
}
