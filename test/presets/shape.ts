/* Whether an answer has the shape that a document shows: every key, with the same JSON type. More than is shown may be there. */

/** Where the answer lacks something that is shown, in words; empty when nothing is lacking. */
export function shapeDifferences(shown: unknown, found: unknown, path = '$'): string[] {
  const [want, have] = [kindOf(shown), kindOf(found)];
  if (want !== have) return [`${path}: ${have}, shown is ${want}`];
  if (Array.isArray(shown) && Array.isArray(found)) {
    if (shown.length > 0 && found.length === 0) return [`${path}: empty, shown with elements`];
    return found.flatMap((element, index) => shapeDifferences(shown[0], element, `${path}[${index}]`));
  }
  if (isObject(shown) && isObject(found)) {
    return Object.entries(shown).flatMap(([key, value]) =>
      Object.hasOwn(found, key) ? shapeDifferences(value, found[key], `${path}.${key}`) : [`${path}.${key}: missing`],
    );
  }
  return typeof shown === 'string' && typeof found === 'string' ? textDifferences(shown, found, path) : [];
}

/** `a|b|c` shows alternatives, and a time is told as a time. */
function textDifferences(shown: string, found: string, path: string): string[] {
  if (/^\w+(?:\|\w+)+$/.test(shown)) return shown.split('|').includes(found) ? [] : [`${path}: ${found}, shown is ${shown}`];
  const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z$/;
  return time.test(shown) && !time.test(found) ? [`${path}: ${found}, shown is a time`] : [];
}

/** The value at `a.b.0.c`; undefined where there is none. */
export function valueAt(value: unknown, path: string): unknown {
  let at = value;
  for (const key of path.split('.')) {
    if (Array.isArray(at)) at = at[Number(key)];
    else if (isObject(at) && Object.hasOwn(at, key)) at = at[key];
    else return undefined;
  }
  return at;
}

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'array' : typeof value;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
