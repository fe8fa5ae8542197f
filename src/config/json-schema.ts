/*
 * The configuration as JSON Schema 2020-12, for editors: completion, descriptions, and red lines before anything is started.
 */

import { z } from 'zod';
import { configSchema } from './config.ts';
import { formatQuantity } from './quantity.ts';
import { type AnySchema, defaultOf, quantityOf, shapesOf } from './schema-fields.ts';

/** A text with a reference in it may stand for any scalar: what it becomes is known at the start alone. */
const REFERENCE = { type: 'string', pattern: '\\$\\{' };

export function configJsonSchema(): Record<string, unknown> {
  const schema = z.toJSONSchema(configSchema, {
    io: 'input',
    target: 'draft-2020-12',
    override: ({ zodSchema, jsonSchema, path }) => {
      const made = jsonSchema as Record<string, unknown>;
      delete made['secret'];
      delete made['quantity'];
      const value = defaultOf(zodSchema);
      const quantity = quantityOf(zodSchema);
      // The generator leaves out defaults behind a transform, which durations and sizes are.
      if (value !== undefined)
        made['default'] = quantity !== undefined && typeof value === 'number' ? formatQuantity(value, quantity.unit) : value;
      if (isField(path) && isScalar(zodSchema)) allowReference(made);
    },
  }) as Record<string, unknown>;
  return { ...schema, title: 'Gatehouse configuration', description: 'See docs/reference/config.md.' };
}

/** Not an alternative inside a field. */
function isField(path: readonly (string | number)[]): boolean {
  return path.at(-2) === 'properties' || path.at(-1) === 'items' || path.at(-1) === 'additionalProperties';
}

function isScalar(schema: AnySchema): boolean {
  return shapesOf(schema).every(({ kind }) => kind === 'scalar');
}

/** Moves what says the type into an alternative and puts the reference beside it, unless any text is welcome already. */
function allowReference(made: Record<string, unknown>): void {
  const { description, default: fallback, anyOf, ...own } = made;
  const alternatives = Array.isArray(anyOf) ? (anyOf as unknown[]) : [own];
  const takesAnyText = alternatives.some((form) => isPlainText(form as Record<string, unknown>));
  if (takesAnyText || alternatives.includes(REFERENCE)) return;
  for (const name of Object.keys(made)) delete made[name];
  made['anyOf'] = [...alternatives, REFERENCE];
  if (description !== undefined) made['description'] = description;
  if (fallback !== undefined) made['default'] = fallback;
}

function isPlainText(form: Record<string, unknown>): boolean {
  return form['type'] === 'string' && ['pattern', 'format', 'enum', 'const'].every((rule) => form[rule] === undefined);
}
