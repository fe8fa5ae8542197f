/*
 * Texts from the environment, from flags and from `${…}` become what the schema asks for: the schema knows that a port is a
 * number. What does not fit stays a text, and the schema then says what it wanted.
 */

import { type AnySchema, shapesOf } from './schema-fields.ts';

const YES = /^(?:true|yes|on|1)$/i;
const NO = /^(?:false|no|off|0)$/i;
const NUMBER = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?$/i;

/** Parses `true/false`, `yes/no`, `on/off`, `1/0` in any case; undefined for anything else. */
export function parseSwitch(text: string): boolean | undefined {
  if (YES.test(text.trim())) return true;
  return NO.test(text.trim()) ? false : undefined;
}

/** The value that `text` stands for at a place with these schemas (several below a choice). Lists may be JSON or `a, b, c`. */
export function coerce(text: string, schemas: readonly AnySchema[]): unknown {
  const shapes = schemas.flatMap(shapesOf);
  const trimmed = text.trim();
  const scalars = shapes.filter((shape) => shape.kind === 'scalar');

  for (const { values } of scalars) {
    const exact =
      values.find((value) => String(value) === trimmed) ?? values.find((value) => String(value).toLowerCase() === trimmed.toLowerCase());
    if (exact !== undefined) return exact;
  }
  const types = new Set(scalars.map((shape) => shape.type));
  if ((types.has('number') || types.has('int')) && NUMBER.test(trimmed)) return Number(trimmed);
  if (types.has('boolean')) {
    const value = parseSwitch(trimmed);
    if (value !== undefined) return value;
  }
  const list = shapes.find((shape) => shape.kind === 'list');
  const structured = list !== undefined || shapes.some((shape) => shape.kind === 'section' || shape.kind === 'record');
  if (structured && /^[[{]/.test(trimmed)) return parseJson(trimmed) ?? text;
  if (list !== undefined && !types.has('string')) {
    const items = trimmed.split(',').map((item) => item.trim());
    return items.filter((item) => item !== '').map((item) => coerce(item, [list.item]));
  }
  return text;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
