/*
 * Refuses what is wrong with a request in the words of Anthropic's API, whose checks are Pydantic's: the place, a colon, and the complaint.
 * All of these throw RequestRefused.
 */
import { isObject, type JsonObject, shownAs } from '../json-instance.ts';
import { RequestRefused } from '../openai-request.ts';

/** An object and where it stands: `messages.0.content.1`; the request itself stands at ''. */
export interface Place {
  readonly at: string;
  readonly value: JsonObject;
}

export function refuse(message: string, status = 400): never {
  throw new RequestRefused({ status, message });
}

export function refuseAt(at: string, complaint: string): never {
  return refuse(at === '' ? complaint : `${at}: ${complaint}`);
}

export function below(at: string, name: string | number): string {
  return at === '' ? String(name) : `${at}.${name}`;
}

export function onlyFields({ at, value }: Place, allowed: readonly string[]): void {
  for (const name of Object.keys(value)) if (!allowed.includes(name)) refuseAt(below(at, name), 'Extra inputs are not permitted');
}

export function required({ at, value }: Place, name: string): unknown {
  return value[name] === undefined ? refuseAt(below(at, name), 'Field required') : value[name];
}

export function objectAt(at: string, value: unknown): Place {
  return isObject(value) ? { at, value } : refuseAt(at, 'Input should be a valid dictionary');
}

export function listAt(at: string, value: unknown): readonly unknown[] {
  return Array.isArray(value) ? (value as unknown[]) : refuseAt(at, 'Input should be a valid list');
}

export function textAt(at: string, value: unknown): string {
  return typeof value === 'string' ? value : refuseAt(at, 'Input should be a valid string');
}

export function flagAt(at: string, value: unknown): boolean {
  return typeof value === 'boolean' ? value : refuseAt(at, 'Input should be a valid boolean');
}

export function countAt(at: string, value: unknown, min: number): number {
  if (typeof value !== 'number' || !Number.isInteger(value)) return refuseAt(at, 'Input should be a valid integer');
  return value < min ? refuseAt(at, `Input should be greater than or equal to ${min}`) : value;
}

export function numberAt(at: string, value: unknown, [min, max]: readonly [number, number]): number {
  if (typeof value !== 'number') return refuseAt(at, 'Input should be a valid number');
  if (value < min) return refuseAt(at, `Input should be greater than or equal to ${min}`);
  return value > max ? refuseAt(at, `Input should be less than or equal to ${max}`) : value;
}

/** One of some words. */
export function wordAt<Word extends string>(at: string, value: unknown, words: readonly Word[]): Word {
  const found = words.find((word) => word === value);
  if (found !== undefined) return found;
  const quoted = words.map((word) => `'${word}'`);
  const last = quoted.pop() ?? '';
  return refuseAt(at, `Input should be ${quoted.length === 0 ? last : `${quoted.join(', ')} or ${last}`}`);
}

/** The `type` that says which of several an object is. */
export function tagAt<Tag extends string>({ at, value }: Place, tags: readonly Tag[]): Tag {
  const type = value['type'];
  if (type === undefined) return refuseAt(below(at, 'type'), 'Field required');
  const found = tags.find((tag) => tag === type);
  if (found !== undefined) return found;
  const expected = tags.map((tag) => `'${tag}'`).join(', ');
  return refuseAt(at, `Input tag '${shownAs(type)}' found using 'type' does not match any of the expected tags: ${expected}`);
}

export function matching(at: string, value: unknown, pattern: RegExp): string {
  const text = textAt(at, value);
  return pattern.test(text) ? text : refuseAt(at, `String should match pattern '${pattern.source}'`);
}
