/* Bytes that something went wrong with: cut, doubled, flipped, or JSON with one value that should not be there. Chosen by numbers, so a failure can be repeated. */
import fc, { type Arbitrary } from 'fast-check';

const HOSTILE: readonly unknown[] = [
  null,
  true,
  false,
  0,
  -1,
  1.5,
  1e300,
  '',
  'x',
  '__proto__',
  '\u0000',
  [],
  {},
  [null],
  [[]],
  [{}],
  ['a'],
  { a: 1 },
  { type: 'x' },
  { text: 7 },
  { kind: 1 },
  { type: 'text' },
  { function: null },
  { id: {} },
  { url: 5 },
  { __proto__: null, constructor: 'x' },
];

export interface Mutation {
  readonly kind: 'cut' | 'double' | 'flip' | 'replace' | 'remove' | 'rename';
  readonly at: number;
  readonly value: unknown;
}

export const arbitraryMutation: Arbitrary<Mutation> = fc.record({
  kind: fc.constantFrom('cut', 'double', 'flip', 'replace', 'replace', 'replace', 'remove', 'remove', 'rename'),
  at: fc.nat(1_000_000),
  value: fc.oneof(fc.constantFrom(...HOSTILE), fc.jsonValue({ maxDepth: 3 })),
});

export function mutate(bytes: Uint8Array, { kind, at, value }: Mutation): Uint8Array {
  if (bytes.length === 0) return bytes;
  const place = at % bytes.length;
  switch (kind) {
    case 'cut':
      return bytes.subarray(0, place);
    case 'double':
      return Buffer.concat([bytes.subarray(0, place), bytes.subarray(Math.max(0, place - 40), place), bytes.subarray(place)]);
    case 'flip': {
      const copy = Uint8Array.from(bytes);
      copy[place] = (copy[place] ?? 0) ^ (1 << (at % 8));
      return copy;
    }
    default:
      return mutateText(Buffer.from(bytes).toString(), { kind, at, value });
  }
}

/** One JSON value, or lines of them with or without `data:` before. What is no JSON stays. */
function mutateText(text: string, mutation: Mutation): Uint8Array {
  const whole = mutateJson(text, mutation);
  if (whole !== undefined) return Buffer.from(whole);
  const lines = text.split('\n');
  const numbers = lines.flatMap((line, index) => (line.includes('{') ? [index] : []));
  const chosen = numbers[mutation.at % Math.max(1, numbers.length)];
  if (chosen === undefined) return Buffer.from(text);
  const [, before = '', json = ''] = /^([^{]*)(.*)$/s.exec(lines[chosen] ?? '') ?? [];
  lines[chosen] = before + (mutateJson(json, { ...mutation, at: Math.floor(mutation.at / numbers.length) }) ?? json);
  return Buffer.from(lines.join('\n'));
}

function mutateJson(text: string, { kind, at, value }: Mutation): string | undefined {
  let root: unknown;
  try {
    root = JSON.parse(text);
  } catch {
    return undefined;
  }
  const slots: { holder: Record<string, unknown>; key: string }[] = [];
  const collect = (node: unknown): void => {
    if (typeof node !== 'object' || node === null) return;
    for (const key of Object.keys(node)) {
      slots.push({ holder: node as Record<string, unknown>, key });
      collect((node as Record<string, unknown>)[key]);
    }
  };
  collect(root);
  const slot = slots[at % Math.max(1, slots.length)];
  if (slot === undefined) return JSON.stringify(value);
  const { holder, key } = slot;
  if (kind === 'replace') holder[key] = value;
  else if (Array.isArray(holder)) holder.splice(Number(key), 1);
  else {
    if (kind === 'rename') holder[`${key}_`] = holder[key];
    delete holder[key];
  }
  return JSON.stringify(root);
}
