/*
 * Requests that a schema describes: the kinds of fields that they have, and how a field at fault is told. Each field says itself what it must
 * be, so that the caller reads that, and not how the check is built.
 */

import { z } from 'zod';
import { GatewayError } from '../base/errors.ts';
import type { JsonScan } from '../base/json-scan.ts';

/** A body may be wrong in a thousand places; so many are told. */
const FAULTS_MAX = 20;

/** The body as the schema reads it; throws `field_invalid` with every field at fault. The scan has shown that it is JSON. */
export function parseFields<Schema extends z.ZodType>(schema: Schema, scan: JsonScan): z.output<Schema> {
  const result = schema.safeParse(JSON.parse(decoder.decode(scan.bytes)));
  if (result.success) return result.data;
  throw fieldsInvalid(result.error.issues);
}

const decoder = new TextDecoder();

export interface FieldFault {
  /** Names of members and places in arrays, from the body inwards. */
  readonly path: readonly PropertyKey[];
  /** What is wrong, to be read after the field's name. */
  readonly message: string;
}

/** Tells the first in words, and all of them in `detail`, as FastAPI lists them: that is what callers of the older gateways read. */
export function fieldsInvalid(faults: readonly FieldFault[]): GatewayError {
  const [first = { path: [], message: 'is invalid' }] = faults;
  const param = fieldName(first.path);
  return new GatewayError('field_invalid', `'${param}' ${first.message}`, {
    param,
    detail: {
      fields: faults.slice(0, FAULTS_MAX).map(({ path, message }) => ({ loc: ['body', ...path], msg: message, type: 'value_error' })),
    },
  });
}

/** `messages[0].role` */
function fieldName(path: readonly PropertyKey[]): string {
  const parts = path.map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`));
  return parts.join('').replace(/^\./, '');
}

/** Tells of a field what it must be, and that it is missing where it is. */
export function must(expected: string) {
  return { error: ({ input }: { readonly input?: unknown }) => (input === undefined ? `is required: ${expected}` : `must be ${expected}`) };
}

// No model and no user has control characters in its name; headers, logs and keys could not hold them.
// oxlint-disable-next-line no-control-regex
const NAME = /^[^\u0000-\u001f\u007f]{1,256}$/;

export function nameField() {
  const expected = must('a name of 1 to 256 characters');
  return z.string(expected).regex(NAME, expected);
}

export function flagField() {
  return z.boolean(must('true or false'));
}

export function wholeField(min: number, max: number) {
  const expected = must(`a whole number from ${min} to ${max}`);
  return z.int(expected).min(min, expected).max(max, expected);
}

export function fractionField(min: number, max: number) {
  const expected = must(`a number from ${min} to ${max}`);
  return z.number(expected).min(min, expected).max(max, expected);
}

/** What servers keep a number of tokens in. */
export const TOKENS_MAX = 2_147_483_647;
/** The model that the AI platform's gateway took where none was named. */
export const MODEL_DEFAULT = 'llama-3.3-8b-instruct';
