/* What differs between two JSON values, or two lists of lines, in few lines that can be read. */
import { canonical, type Json, type Unseen } from './wire/wire.ts';

/** `- path = value` for what is gone, `+ path = value` for what is new; nothing where both say the same. */
export function jsonDifference(native: Json, made: Json, unseen: Unseen): string[] {
  const before = leaves(canonical(native, unseen));
  const after = leaves(canonical(made, unseen));
  const gone = [...before].filter(([path, value]) => after.get(path) !== value).map(([path, value]) => `- ${path} = ${value}`);
  const added = [...after].filter(([path, value]) => before.get(path) !== value).map(([path, value]) => `+ ${path} = ${value}`);
  return [...gone, ...added];
}

function leaves(value: Json): Map<string, string> {
  const found = new Map<string, string>();
  const walk = (node: Json, path: string): void => {
    const entries = typeof node === 'object' && node !== null ? Object.entries(node) : [];
    if (entries.length === 0) found.set(path, JSON.stringify(node));
    for (const [name, child] of entries) walk(child, path + (Array.isArray(node) ? `[${name}]` : `${path === '' ? '' : '.'}${name}`));
  };
  walk(value, '');
  return found;
}

/** The shortest way from the one list to the other, with `- ` and `+ ` before lines; what is the same is left out, but its number told. */
export function lineDifference(before: readonly string[], after: readonly string[]): string[] {
  const lengths = longestCommon(before, after);
  const told: string[] = [];
  let same = 0;
  const note = (text: string): void => {
    if (same > 0) told.push(`  (${same} as they were)`);
    same = 0;
    told.push(text);
  };
  for (let i = 0, j = 0; i < before.length || j < after.length; ) {
    if (i < before.length && j < after.length && before[i] === after[j]) {
      same += 1;
      i += 1;
      j += 1;
    } else if (i < before.length && (j === after.length || (lengths[i + 1]?.[j] ?? 0) >= (lengths[i]?.[j + 1] ?? 0))) {
      note(`- ${before[i]}`);
      i += 1;
    } else {
      note(`+ ${after[j]}`);
      j += 1;
    }
  }
  if (told.length > 0 && same > 0) told.push(`  (${same} as they were)`);
  return told;
}

/** Of each pair of tails, how many lines both have in order. */
function longestCommon(before: readonly string[], after: readonly string[]): number[][] {
  const lengths = Array.from({ length: before.length + 1 }, () => Array.from({ length: after.length + 1 }, () => 0));
  for (let i = before.length - 1; i >= 0; i -= 1) {
    for (let j = after.length - 1; j >= 0; j -= 1) {
      const row = lengths[i] ?? [];
      const below = lengths[i + 1] ?? [];
      row[j] = before[i] === after[j] ? (below[j + 1] ?? 0) + 1 : Math.max(below[j] ?? 0, row[j + 1] ?? 0);
    }
  }
  return lengths;
}
