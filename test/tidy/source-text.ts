/*
 * Views of a source text in which the house rules can be looked up with plain patterns: without comments, and also without what
 * strings say. Length and line breaks stay, so an offset in a view is an offset in the file.
 *
 * It knows comments, strings, templates (with code inside `${}`), and regular expressions; a `/` is a division after a value.
 */

export interface SourceViews {
  /** Comments blanked, strings kept: for imports and for comparisons with names. */
  readonly withoutComments: string;
  /** Comments, contents of strings and of regular expressions blanked: for calls. */
  readonly code: string;
}

type Kind = 'code' | 'comment' | 'literal';

/** Both views of one TypeScript or JavaScript text. */
export function viewsOf(text: string): SourceViews {
  const kinds = classify(text);
  const view = (hidden: ReadonlySet<Kind>) =>
    Array.from(text, (_, offset) => offset)
      .map((offset) => (hidden.has(kinds[offset] ?? 'code') && text[offset] !== '\n' ? ' ' : text[offset]))
      .join('');
  return { withoutComments: view(new Set<Kind>(['comment'])), code: view(new Set<Kind>(['comment', 'literal'])) };
}

/** The 1-based line of an offset. */
export function lineAt(text: string, offset: number): number {
  return text.slice(0, offset).split('\n').length;
}

/** What may stand before a regular expression; after anything else a `/` divides. */
const BEFORE_REGEX = /(?:^|[([{,;=:!&|?+\-*%<>~^]|\b(?:return|typeof|case|of|in|yield|await))\s*$/;

/** For each UTF-16 unit, what it belongs to. Quotes themselves count as code. */
function classify(text: string): Kind[] {
  const kinds: Kind[] = Array.from({ length: text.length }, (): Kind => 'code');
  const mark = (from: number, to: number, kind: Kind) => kinds.fill(kind, from, to);
  /** Depths of braces at which a template goes on: the innermost `${` is the last. */
  const templates: number[] = [];
  let depth = 0;
  let offset = 0;
  while (offset < text.length) {
    const two = text.slice(offset, offset + 2);
    const character = text[offset];
    let end = offset + 1;
    if (two === '//' || two === '/*') {
      end = endOfComment(text, offset);
      mark(offset, end, 'comment');
    } else if (character === "'" || character === '"') {
      end = endOfQuoted(text, offset + 1, character);
      mark(offset + 1, end - 1, 'literal');
    } else if (character === '/' && BEFORE_REGEX.test(visibleBefore(text, kinds, offset))) {
      end = endOfRegex(text, offset);
      mark(offset + 1, end - 1, 'literal');
    } else if (character === '`' || (character === '}' && templates.at(-1) === depth)) {
      if (character === '}') templates.pop();
      end = endOfTemplatePart(text, offset + 1);
      const opens = text[end - 1] === '{';
      mark(offset + 1, opens ? end - 2 : end - 1, 'literal');
      if (opens) templates.push(depth);
    } else if (character === '{') depth += 1;
    else if (character === '}') depth -= 1;
    offset = end;
  }
  return kinds;
}

/** The code of the last 80 characters before an offset, comments left out: enough to tell a value from an operator. */
function visibleBefore(text: string, kinds: readonly Kind[], offset: number): string {
  let visible = '';
  for (let at = Math.max(0, offset - 80); at < offset; at += 1) if (kinds[at] !== 'comment') visible += text[at];
  return visible;
}

function endOfComment(text: string, offset: number): number {
  const closed = text[offset + 1] === '/' ? text.indexOf('\n', offset) : text.indexOf('*/', offset + 2) + 2;
  return closed < offset + 2 ? text.length : closed;
}

/** Just after the closing quote, or the end of the line for a string that is not closed. */
function endOfQuoted(text: string, from: number, quote: string): number {
  for (let at = from; at < text.length; at += 1) {
    if (text[at] === '\\') at += 1;
    else if (text[at] === quote || text[at] === '\n') return at + 1;
  }
  return text.length;
}

function endOfRegex(text: string, offset: number): number {
  let inClass = false;
  for (let at = offset + 1; at < text.length; at += 1) {
    if (text[at] === '\\') at += 1;
    else if (text[at] === '[') inClass = true;
    else if (text[at] === ']') inClass = false;
    else if (text[at] === '\n' || (text[at] === '/' && !inClass)) return at + 1;
  }
  return text.length;
}

/** Just after the closing backtick, or after the `${` that interrupts the template. */
function endOfTemplatePart(text: string, from: number): number {
  for (let at = from; at < text.length; at += 1) {
    if (text[at] === '\\') at += 1;
    else if (text[at] === '`') return at + 1;
    else if (text[at] === '$' && text[at + 1] === '{') return at + 2;
  }
  return text.length;
}
