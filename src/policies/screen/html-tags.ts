/*
 * HTML as a lenient browser reads it (https://html.spec.whatwg.org/#tokenization): where a tag begins, and its attributes one by one, also
 * when the tag is never closed. Linear: a tag's reading never goes back, and the next begins where it ended.
 */

export interface HtmlTag {
  /** Small letters. */
  readonly name: string;
  readonly attributes: readonly HtmlAttribute[];
  /** After its `>`, or the end of the text. */
  readonly end: number;
  readonly isClosed: boolean;
}

export interface HtmlAttribute {
  /** Small letters. */
  readonly name: string;
  /** As written; undefined when there is none. */
  readonly value: string | undefined;
}

/** Attributes of one tag that are looked at; the rest of such a tag is text again. */
const ATTRIBUTES_MAX = 128;

/** The start tag whose `<` is at `start`; undefined where none begins. */
export function readTag(text: string, start: number): HtmlTag | undefined {
  let at = start + 1;
  if (!isLetter(text.charCodeAt(at))) return undefined;
  while (at < text.length && !endsName(text.charCodeAt(at))) at += 1;
  const name = text.slice(start + 1, Math.min(at, start + 65)).toLowerCase();
  const attributes: HtmlAttribute[] = [];
  while (at < text.length && attributes.length < ATTRIBUTES_MAX) {
    const code = text.charCodeAt(at);
    if (code === GT) return { name, attributes, end: at + 1, isClosed: true };
    if (isSpace(code) || code === SLASH) {
      at += 1;
      continue;
    }
    // To a browser this is an attribute's name. Nobody writes one, and for us a tag may begin here.
    if (code === LT) break;
    const read = readAttribute(text, at);
    attributes.push(read.attribute);
    at = read.end;
  }
  return { name, attributes, end: at, isClosed: false };
}

/** The attribute that begins at `start`, as in a tag. */
export function readAttribute(text: string, start: number): { readonly attribute: HtmlAttribute; readonly end: number } {
  let at = start + 1;
  while (at < text.length && !endsName(text.charCodeAt(at)) && text.charCodeAt(at) !== EQUALS) at += 1;
  const name = text.slice(start, Math.min(at, start + 64)).toLowerCase();
  let after = at;
  while (after < text.length && isSpace(text.charCodeAt(after))) after += 1;
  // The space is read once more by whoever goes on: twice in all.
  if (text.charCodeAt(after) !== EQUALS) return { attribute: { name, value: undefined }, end: at };
  after += 1;
  while (after < text.length && isSpace(text.charCodeAt(after))) after += 1;
  const quote = text.charCodeAt(after);
  if (quote === 34 || quote === 39) {
    const close = text.indexOf(String.fromCharCode(quote), after + 1);
    const end = close === -1 ? text.length : close;
    return { attribute: { name, value: text.slice(after + 1, end) }, end: Math.min(end + 1, text.length) };
  }
  at = after;
  while (at < text.length && !isSpace(text.charCodeAt(at)) && text.charCodeAt(at) !== GT) at += 1;
  return { attribute: { name, value: text.slice(after, at) }, end: at };
}

const LT = 60;
const GT = 62;
const SLASH = 47;
const EQUALS = 61;

function isLetter(code: number): boolean {
  return (code >= 97 && code <= 122) || (code >= 65 && code <= 90);
}

/** Old browsers take a NUL and a vertical tab for space, too. */
function isSpace(code: number): boolean {
  return code === 32 || (code >= 9 && code <= 13) || code === 0;
}

function endsName(code: number): boolean {
  return isSpace(code) || code === SLASH || code === GT || code === LT;
}
