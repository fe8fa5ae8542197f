/* Answers as they fit a terminal: the beginning and the end of what is long, and how much is between. */

const TEXT_CHARS_MAX = 140;
const ITEMS_MAX = 3;
const LINES_MAX = 26;
const LINE_CHARS_MAX = 160;
const HEAD_LINES = 6;
const TAIL_LINES = 4;

/** Lines of a JSON body, pretty; or of a text. */
export function shortBody(body: string, json: unknown): string[] {
  if (body === '') return ['(no body)'];
  if (json === undefined) return middleOut(body.trimEnd().split(/\r?\n/), HEAD_LINES + TAIL_LINES + 1);
  return middleOut(JSON.stringify(shortValue(json), undefined, 2).split('\n'), LINES_MAX);
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
