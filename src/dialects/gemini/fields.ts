/*
 * Messages of protocol buffers as JSON: a field may be named `inlineData` or `inline_data`, and both mean the same
 * (protobuf.dev/programming-guides/json). Only members of messages are named so: what stands in schemas and in arguments of functions is the caller's own.
 */

import { isRecord } from '../dialect-errors.ts';

export type Fields = Readonly<Record<string, unknown>>;

/** The members of a message by their JSON names; where both are there, the JSON name counts. Undefined for what is no object. */
export function fieldsOf(value: unknown): Fields | undefined {
  if (!isRecord(value)) return undefined;
  const names = Object.keys(value);
  if (!names.some((name) => name.includes('_'))) return value;
  const entries = names.map((name): readonly [string, unknown] => [jsonName(name), value[name]]);
  // Those that are written as JSON has it come last, and win.
  const isPlain = ([name]: readonly [string, unknown]): boolean => name in value;
  return Object.fromEntries([...entries.filter((entry) => !isPlain(entry)), ...entries.filter(isPlain)]);
}

/** `inline_data` → `inlineData`. */
export function jsonName(name: string): string {
  return name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

/** `inlineData` → `inline_data`. */
export function protoName(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

export function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

/** Numbers may come as strings: 64-bit integers always do. */
export function numberOf(value: unknown): number | undefined {
  if (typeof value === 'number') return value;
  if (typeof value !== 'string' || value.trim() === '') return undefined;
  const number = Number(value);
  return Number.isFinite(number) ? number : undefined;
}
