/*
 * What all dialects do with a request's fields before they read them: those that matter are of the right kind, and each is named once.
 */

import { GatewayError } from '../base/errors.ts';
import type { JsonKind, JsonScan } from '../base/json-scan.ts';
import { article } from './dialect-body.ts';

/** Longer than any model's name, alias or path. */
const MODEL_LENGTH_MAX = 256;
const SPACE = 32;

export interface FieldRule {
  readonly name: string;
  readonly kinds: readonly JsonKind[];
  readonly required?: boolean;
  readonly expected: string;
}

/**
 * A check of a body's fields, which throws `request_invalid` with the one at fault.
 *
 * Servers written in Go read `Model` as `model`, and of both the last: a second spelling would make us judge one request and the upstream
 * answer another. So a field that matters here is refused in any spelling but its own.
 */
export function createFieldCheck(rules: readonly FieldRule[]): (scan: JsonScan) => void {
  const names = new Set(rules.map(({ name }) => name));
  return (scan) => {
    for (const rule of rules) checkField(scan, rule);
    if (!scan.hasOddNames) return;
    for (const name of scan.names()) {
      if (names.has(name)) continue;
      const folded = fold(name);
      if (names.has(folded)) throw invalid(folded, `'${folded}' must be written so, not '${name}'`);
    }
  };
}

/** As Go's encoding/json compares names: there are two letters beyond ASCII, the long s and the Kelvin sign, that it takes for `s` and `k`. */
function fold(name: string): string {
  return name.toUpperCase().toLowerCase();
}

function checkField(scan: JsonScan, rule: FieldRule): void {
  const member = scan.get(rule.name);
  if (member === undefined) {
    if (rule.required === true) throw invalid(rule.name, `'${rule.name}' is required: ${rule.expected}`);
    return;
  }
  if (!rule.kinds.includes(member.kind)) throw invalid(rule.name, `'${rule.name}' must be ${rule.expected}, not ${article(member.kind)}`);
}

/** The name, when it is one. Throws `request_invalid`. */
export function checkModel(model: string, param = 'model'): string {
  if (model === '' || model.length > MODEL_LENGTH_MAX || hasControlCharacter(model)) {
    throw invalid(param, `'${param}' must be a name of 1 to ${MODEL_LENGTH_MAX} characters`);
  }
  return model;
}

/** The first character inside an array; empty when the array is, or is not there. */
export function firstInside(scan: JsonScan, name: string): string {
  const member = scan.get(name);
  if (member === undefined) return '';
  let at = member.start + 1;
  while ((scan.bytes[at] ?? 0) <= SPACE && at < member.end) at += 1;
  const character = String.fromCharCode(scan.bytes[at] ?? 0);
  return character === ']' ? '' : character;
}

export function invalid(param: string, message: string): GatewayError {
  return new GatewayError('request_invalid', message, { param });
}

function hasControlCharacter(text: string): boolean {
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code < SPACE || code === 127) return true;
  }
  return false;
}
