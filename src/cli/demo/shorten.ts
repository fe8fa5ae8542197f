/* Answers as they fit a terminal: the beginning and the end of what is long, and how much is between. */

import { type Answer, at, type Step } from './step.ts';

const TEXT_CHARS_MAX = 140;
const ITEMS_MAX = 3;
const LINES_MAX = 26;
const LINE_CHARS_MAX = 160;
const HEAD_LINES = 6;
const TAIL_LINES = 4;

/** Lines of a JSON body, pretty; or of a text. Where there is a focus, of that alone, with an ellipsis for the rest. */
export function shortBody({ body, json }: Pick<Answer, 'body' | 'json'>, focus: Step['focus']): string[] {
  if (body === '') return ['(no body)'];
  if (json === undefined) {
    const lines = body.trimEnd().split(/\r?\n/);
    const shown = focus instanceof RegExp ? lines.filter((line) => focus.test(line)) : [];
    return shown.length === 0 ? middleOut(lines, HEAD_LINES + TAIL_LINES + 1) : ['…', ...middleOut(shown, LINES_MAX), '…'];
  }
  const shown = focus === undefined || focus instanceof RegExp ? json : picked(json, focus);
  return middleOut(JSON.stringify(shortValue(shown), undefined, 2).split('\n'), LINES_MAX);
}

/** The values at these paths, where they are. Lists are passed over whole. */
function picked(json: unknown, paths: readonly string[]): object {
  const result: Record<string, unknown> = {};
  for (const path of paths) {
    const found = at(json, path);
    if (found === undefined) continue;
    const names = path.split('.');
    const last = names.pop() ?? '';
    let place = result;
    for (const name of names) place = (place[name] ??= {}) as Record<string, unknown>;
    place[last] = found;
  }
  return { ...result, '…': '…' };
}

function middleOut(lines: readonly string[], max: number): string[] {
  const cut = lines.map((line) => (line.length <= LINE_CHARS_MAX ? line : `${line.slice(0, LINE_CHARS_MAX)}…`));
  if (cut.length <= max) return cut;
  const head = max - TAIL_LINES - 1;
  return [...cut.slice(0, head), `… ${cut.length - head - TAIL_LINES} more lines …`, ...cut.slice(-TAIL_LINES)];
}

/** The same value with long texts cut and long lists ended early. */
function shortValue(given: unknown): unknown {
  if (typeof given === 'string')
    return given.length <= TEXT_CHARS_MAX ? given : `${given.slice(0, TEXT_CHARS_MAX)}… (${given.length} characters)`;
  if (Array.isArray(given)) {
    const items = given.slice(0, ITEMS_MAX).map(shortValue);
    return given.length <= ITEMS_MAX ? items : [...items, `… ${given.length - ITEMS_MAX} more`];
  }
  if (typeof given !== 'object' || given === null) return given;
  return Object.fromEntries(Object.entries(given).map(([name, value]) => [name, shortValue(value)]));
}
