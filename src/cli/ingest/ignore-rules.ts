/*
 * Which files of a folder are passed over: what `.gitignore` and `.gatehouseignore` name there and above. The rules are git's, but for ranges of
 * letters: git-scm.com/docs/gitignore. A pattern is followed in all ways at once, so that none takes long, whatever it is.
 */

export interface IgnoreRule {
  readonly matches: (path: string) => boolean;
  /** Takes back what an earlier rule said. */
  readonly negated: boolean;
  readonly foldersOnly: boolean;
}

/** A character, or one of: any but a slash, a run of those, a run of any, folders (none or more, each with its slash). */
type Token = string | typeof ANY | typeof RUN | typeof ALL | typeof FOLDERS;
const ANY = 0;
const RUN = 1;
const ALL = 2;
const FOLDERS = 3;

const RULES_MAX = 10_000;
const PATTERN_CHARS_MAX = 500;

/** The rules of a file; `folder` is where it stands, as a path below the root with `/` at its end, or empty. */
export function parseIgnoreFile(text: string, folder: string): IgnoreRule[] {
  const rules: IgnoreRule[] = [];
  for (const line of text.split('\n').slice(0, RULES_MAX)) {
    const rule = parseRule(line.replace(/\r$/, '').trimEnd(), folder);
    if (rule !== undefined) rules.push(rule);
  }
  return rules;
}

/** `path` is below the root, with `/` between its parts. The last rule that matches decides. */
export function isIgnored(path: string, isFolder: boolean, rules: readonly IgnoreRule[]): boolean {
  const rule = rules.findLast(({ matches, foldersOnly }) => (isFolder || !foldersOnly) && matches(path));
  return rule !== undefined && !rule.negated;
}

function parseRule(line: string, folder: string): IgnoreRule | undefined {
  if (line === '' || line.startsWith('#') || line.length > PATTERN_CHARS_MAX) return undefined;
  const negated = line.startsWith('!');
  let pattern = (negated ? line.slice(1) : line).replace(/^\\([#!])/, '$1');
  const foldersOnly = pattern.endsWith('/');
  if (foldersOnly) pattern = pattern.slice(0, -1);
  // A slash anywhere but at the end ties the pattern to the folder of its file.
  const isTied = pattern.includes('/');
  const body = tokensOf(pattern.replace(/^\//, ''));
  if (body.length === 0) return undefined;
  const tokens: readonly Token[] = isTied ? body : [FOLDERS, ...body];
  return { matches: (path) => path.startsWith(folder) && follow(tokens, path, folder.length), negated, foldersOnly };
}

function tokensOf(pattern: string): Token[] {
  const tokens: Token[] = [];
  for (let at = 0; at < pattern.length; at += 1) {
    const character = pattern.charAt(at);
    if (character === '*') {
      let stars = 1;
      while (pattern.charAt(at + stars) === '*') stars += 1;
      const isWhole = at === 0 || pattern.charAt(at - 1) === '/';
      if (stars === 2 && isWhole && pattern.charAt(at + 2) === '/') {
        tokens.push(FOLDERS);
        at += 2;
      } else {
        tokens.push(stars === 2 && isWhole && at + 2 === pattern.length ? ALL : RUN);
        at += stars - 1;
      }
    } else if (character === '?') tokens.push(ANY);
    else if (character === '\\' && at + 1 < pattern.length) tokens.push(pattern.charAt((at += 1)));
    else tokens.push(character);
  }
  return tokens;
}

function follow(tokens: readonly Token[], path: string, from: number): boolean {
  let places = withSkipped(tokens, [0]);
  for (let at = from; at < path.length && places.size > 0; at += 1) {
    const character = path.charAt(at);
    const next: number[] = [];
    for (const place of places) {
      // Half behind a place: inside the name of one of its folders.
      if (!Number.isInteger(place)) {
        next.push(character === '/' ? place - 0.5 : place);
        continue;
      }
      const token = tokens[place];
      if (token === ALL || (token === RUN && character !== '/')) next.push(place);
      else if (token === FOLDERS && character !== '/') next.push(place + 0.5);
      else if (token === character || (token === ANY && character !== '/')) next.push(place + 1);
    }
    places = withSkipped(tokens, next);
  }
  return places.has(tokens.length);
}

/** With the places behind runs, which may be empty. */
function withSkipped(tokens: readonly Token[], from: readonly number[]): Set<number> {
  const places = new Set(from);
  for (const place of places) {
    const token = tokens[place];
    if (token === RUN || token === ALL || token === FOLDERS) places.add(place + 1);
  }
  return places;
}
