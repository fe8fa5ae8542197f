/*
 * What a schema says of one place in the configuration. Coercion, suggestions, secrets, the environment and the documentation
 * all ask here, so that nothing about a setting is written down a second time.
 */

import { z } from 'zod';
import type { ConfigPath } from './config-path.ts';

export type AnySchema = z.core.$ZodType;

/** A duration or size, as `base/units.ts` tags it. */
export interface Quantity {
  readonly unit: 'ms' | 'bytes';
  readonly min: number;
  readonly max: number;
}

/** What is at a place once defaults, optionality and transforms are taken off. */
export type Shape =
  | { readonly kind: 'section'; readonly fields: ReadonlyMap<string, AnySchema> }
  | { readonly kind: 'record'; readonly value: AnySchema }
  | { readonly kind: 'list'; readonly item: AnySchema }
  | { readonly kind: 'choice'; readonly options: readonly AnySchema[] }
  | { readonly kind: 'scalar'; readonly type: string; readonly values: readonly unknown[]; readonly schema: AnySchema };

/** The definition, as the union of all kinds of schema that zod has. */
function definition(schema: AnySchema): z.core.$ZodTypes['_zod']['def'] {
  return (schema as z.core.$ZodTypes)._zod.def;
}

/** The schema inside a wrapper (default, optional, transform …), or undefined when it is none. What counts is the input's side. */
function inner(schema: AnySchema): AnySchema | undefined {
  const def = definition(schema);
  switch (def.type) {
    case 'default':
    case 'prefault':
    case 'optional':
    case 'nullable':
    case 'nonoptional':
    case 'readonly':
    case 'catch':
      return def.innerType;
    case 'pipe':
      // `z.preprocess` is a pipe that begins with a transform: what is known of the input stands after it.
      return definition(def.in).type === 'transform' ? def.out : def.in;
    case 'lazy':
      return def.getter();
    default:
      return undefined;
  }
}

/** The schema and everything that its wrappers wrap, outermost first. */
function* layersOf(schema: AnySchema): Generator<AnySchema> {
  for (let layer: AnySchema | undefined = schema; layer !== undefined; layer = inner(layer)) yield layer;
}

export function shapeOf(schema: AnySchema): Shape {
  let bare = schema;
  for (const layer of layersOf(schema)) bare = layer;
  const def = definition(bare);
  switch (def.type) {
    case 'object':
      return { kind: 'section', fields: new Map(Object.entries(def.shape)) };
    case 'record':
      return { kind: 'record', value: def.valueType };
    case 'array':
      return { kind: 'list', item: def.element };
    case 'union':
      return { kind: 'choice', options: def.options };
    case 'enum':
      return { kind: 'scalar', type: 'enum', values: Object.values(def.entries), schema: bare };
    case 'literal':
      return { kind: 'scalar', type: 'enum', values: def.values, schema: bare };
    default:
      return { kind: 'scalar', type: def.type, values: [], schema: bare };
  }
}

/** The shapes that may stand here: one, or those of all options of a choice. */
export function shapesOf(schema: AnySchema): Exclude<Shape, { kind: 'choice' }>[] {
  const shape = shapeOf(schema);
  return shape.kind === 'choice' ? shape.options.flatMap(shapesOf) : [shape];
}

/** The schemas that may hold at `path` below `root`: none for an unknown path, several below a choice. */
export function schemasAt(root: AnySchema, path: ConfigPath): AnySchema[] {
  let found = [root];
  for (const segment of path) found = found.flatMap((schema) => childrenAt(schema, segment));
  return found;
}

function childrenAt(schema: AnySchema, segment: string | number): AnySchema[] {
  return shapesOf(schema).flatMap((shape) => {
    switch (shape.kind) {
      case 'section': {
        const field = shape.fields.get(String(segment));
        return field === undefined ? [] : [field];
      }
      case 'record':
        return typeof segment === 'string' ? [shape.value] : [];
      case 'list':
        return typeof segment === 'number' ? [shape.item] : [];
      default:
        return [];
    }
  });
}

/** Something the schema was tagged with (`.meta({ … })`, `.describe(…)`): the outermost one that has it. */
function metadata(schema: AnySchema, name: string): unknown {
  for (const layer of layersOf(schema)) {
    const value = z.globalRegistry.get(layer)?.[name];
    if (value !== undefined) return value;
  }
  return undefined;
}

export function descriptionOf(schema: AnySchema): string {
  const description = metadata(schema, 'description');
  return typeof description === 'string' ? description : '';
}

/** Whether the schema itself says that its value is a secret. */
export function isMarkedSecret(schema: AnySchema): boolean {
  return metadata(schema, 'secret') === true;
}

export function quantityOf(schema: AnySchema): Quantity | undefined {
  return metadata(schema, 'quantity') as Quantity | undefined;
}

/** The default as one would write it, or undefined when there is none. */
export function defaultOf(schema: AnySchema): unknown {
  for (const layer of layersOf(schema)) {
    const def = definition(layer);
    if (def.type === 'default' || def.type === 'prefault') return def.defaultValue;
  }
  return undefined;
}

/** Whether the configuration is complete without it. */
export function isOptional(schema: AnySchema): boolean {
  for (const layer of layersOf(schema)) {
    const { type } = definition(layer);
    if (type === 'default' || type === 'prefault' || type === 'optional' || type === 'catch') return true;
  }
  return false;
}

/** Least and greatest value of a number; undefined where there is no bound. */
export function boundsOf(schema: AnySchema): { readonly min: number | undefined; readonly max: number | undefined } {
  const shape = shapeOf(schema);
  if (shape.kind !== 'scalar' || !(shape.schema instanceof z.ZodNumber)) return { min: undefined, max: undefined };
  // Whole numbers end where they stop being exact: that is no bound anyone set.
  const set = (value: number | null) => (value !== null && Math.abs(value) < Number.MAX_SAFE_INTEGER ? value : undefined);
  return { min: set(shape.schema.minValue), max: set(shape.schema.maxValue) };
}

/** `url`, `safeint` and the like; undefined when there is none. */
export function formatOf(schema: AnySchema): string | undefined {
  const shape = shapeOf(schema);
  if (shape.kind !== 'scalar') return undefined;
  const { format } = shape.schema._zod.def as { format?: unknown };
  return typeof format === 'string' ? format : undefined;
}
