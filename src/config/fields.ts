/*
 * The configuration as a flat list of fields, for documentation: what the schemas say, in words.
 */

import { isTree } from './config-path.ts';
import { formatQuantity } from './quantity.ts';
import {
  type AnySchema,
  boundsOf,
  defaultOf,
  descriptionOf,
  formatOf,
  isOptional,
  quantityOf,
  type Shape,
  shapeOf,
  shapesOf,
} from './schema-fields.ts';

export interface Field {
  /** `services.NAME.urls`, `auth.keys[].tier`. */
  readonly path: string;
  readonly name: string;
  /** `duration, 1s to 10m`; `development, production or test`; `section`; `list of sections`. */
  readonly type: string;
  readonly kind: 'value' | 'section' | 'entries';
  /** As one would write it; undefined when there is none. */
  readonly fallback: string | undefined;
  readonly required: boolean;
  readonly description: string;
  /** The fields of a section, or of one of its entries. */
  readonly fields: readonly Field[];
}

/** The fields of a section's schema. */
export function fieldsOf(schema: AnySchema, path = ''): Field[] {
  const shape = shapeOf(schema);
  if (shape.kind !== 'section') return [];
  const fallback = defaultOf(schema);
  return [...shape.fields].map(([name, field]) => {
    const described = describeField(name, field, path === '' ? name : `${path}.${name}`);
    // A default of the whole section is that of its fields.
    const given = isTree(fallback) ? fallback[name] : undefined;
    return given === undefined ? described : { ...described, fallback: plain(given) };
  });
}

function describeField(name: string, schema: AnySchema, path: string): Field {
  const shape = shapeOf(schema);
  const entry = shape.kind === 'record' ? shape.value : shape.kind === 'list' ? shape.item : undefined;
  const inside = entry === undefined ? fieldsOf(schema, path) : fieldsOf(entry, `${path}${shape.kind === 'list' ? '[]' : '.NAME'}`);
  return {
    path,
    name,
    type: typeText(schema),
    kind: shape.kind === 'section' ? 'section' : entry === undefined || inside.length === 0 ? 'value' : 'entries',
    fallback: shape.kind === 'section' ? undefined : fallbackText(schema),
    required: !isOptional(schema),
    description: descriptionOf(schema),
    fields: inside,
  };
}

function fallbackText(schema: AnySchema): string | undefined {
  const value = defaultOf(schema);
  const quantity = quantityOf(schema);
  if (value === undefined) return undefined;
  return typeof value === 'number' && quantity !== undefined ? formatQuantity(value, quantity.unit) : plain(value);
}

/** As YAML, with quotes where they are needed. */
function plain(value: unknown): string {
  const needsNone =
    typeof value === 'string' &&
    /^(?:[a-z][\w.-]*|\d+(?:\.\d+)?(?:ms|[smhd]|[KMG]?i?[bB]))$/.test(value) &&
    !/^(?:true|false|null)$/.test(value);
  return needsNone ? value : JSON.stringify(value);
}

function typeText(schema: AnySchema): string {
  const quantity = quantityOf(schema);
  if (quantity !== undefined) {
    const name = quantity.unit === 'ms' ? 'duration' : 'size';
    return `${name}, ${formatQuantity(quantity.min, quantity.unit)} to ${formatQuantity(quantity.max, quantity.unit)}`;
  }
  const shape = shapeOf(schema);
  if (shape.kind === 'choice') return [...new Set(shape.options.map(typeText))].join(' or ');
  return shapeText(shape, schema);
}

const SCALARS: Readonly<Record<string, string>> = { string: 'text', number: 'number', boolean: 'true or false' };

function shapeText(shape: Exclude<Shape, { kind: 'choice' }>, schema: AnySchema): string {
  switch (shape.kind) {
    case 'section':
      return 'section';
    case 'record':
      return shapesOf(shape.value).some(({ kind }) => kind === 'section') ? 'sections by name' : 'texts by name';
    case 'list':
      return shapesOf(shape.item).some(({ kind }) => kind === 'section') ? 'list of sections' : 'list of texts';
    default: {
      if (shape.values.length > 0) return shape.values.map((value) => `\`${String(value)}\``).join(', ');
      const { min, max } = boundsOf(schema);
      const format = formatOf(schema);
      const name = format === 'safeint' ? 'whole number' : format === 'url' ? 'URL' : (SCALARS[shape.type] ?? shape.type);
      if (shape.type !== 'number' || (min === undefined && max === undefined)) return name;
      return min !== undefined && max !== undefined
        ? `${name}, ${min} to ${max}`
        : min === undefined
          ? `${name}, up to ${max}`
          : `${name}, from ${min}`;
    }
  }
}
