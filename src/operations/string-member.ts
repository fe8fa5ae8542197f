/*
 * Reads the text of one member out of a JSON object that comes in pieces, as far as it has come: `{"input": "*** Beg`. The member must stand first, as it does
 * where it is the only one; anything else is kept, and given at the end as it was written.
 *
 *   head ──{"name":"──▶ text ──"──▶ done
 *     └──anything else──▶ other
 *
 * Pieces may be cut anywhere, within an escape or a pair of surrogates too.
 */

/** White space of any length is JSON, and no model writes much of it. */
const HEAD_CHARS_MAX = 200;

export class StringMember {
  readonly #head: RegExp;
  #state: 'head' | 'text' | 'done' | 'other' = 'head';
  /** What is not yet told: all of it in `head` and `other`, the cut end of an escape in `text`. */
  #rest = '';

  /** `name`: letters alone. */
  constructor(name: string) {
    this.#head = new RegExp(`^\\s*\\{\\s*"${name}"\\s*:\\s*"`);
  }

  /** The text that this piece adds; may be empty. */
  push(piece: string): string {
    if (this.#state === 'done') return '';
    this.#rest += piece;
    if (this.#state === 'head') {
      const head = this.#head.exec(this.#rest);
      if (head === null) {
        if (this.#rest.length > HEAD_CHARS_MAX) this.#state = 'other';
        return '';
      }
      this.#state = 'text';
      this.#rest = this.#rest.slice(head[0].length);
    }
    return this.#state === 'text' ? this.#text() : '';
  }

  /** All that was written, where it was no such object; undefined where its text has been told. */
  finish(): string | undefined {
    return this.#state === 'head' || this.#state === 'other' ? this.#rest : undefined;
  }

  #text(): string {
    const rest = this.#rest;
    let at = 0;
    let end = 0;
    for (; at < rest.length; end = at) {
      const code = rest.charCodeAt(at);
      if (code === QUOTE) {
        this.#state = 'done';
        break;
      }
      const length = code === BACKSLASH ? escapeLength(rest, at) : 1;
      if (at + length > rest.length) break;
      at += length;
    }
    const told = unescaped(rest.slice(0, end));
    // The other half of a pair comes with the next piece.
    const isHalf = this.#state === 'text' && isHighSurrogate(told.charCodeAt(told.length - 1));
    const cut = isHalf ? halfLength(rest, end) : 0;
    this.#rest = rest.slice(end - cut);
    return isHalf ? told.slice(0, -1) : told;
  }
}

const QUOTE = 34;
const BACKSLASH = 92;
const UNICODE_ESCAPE = 6;

/** Of an escape, however much of it is there. */
function escapeLength(text: string, at: number): number {
  return text[at + 1] === 'u' ? UNICODE_ESCAPE : 2;
}

function isHighSurrogate(code: number): boolean {
  return code >= 0xd800 && code <= 0xdbff;
}

/** How the last UTF-16 unit is written: as itself, or as an escape. */
function halfLength(text: string, end: number): number {
  return isHighSurrogate(text.charCodeAt(end - 1)) ? 1 : UNICODE_ESCAPE;
}

const ESCAPE = /\\(?:u([0-9a-fA-F]{4})|([\s\S]))/g;
const SHORT: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', b: '\b', f: '\f' };

/** More than JSON allows: a line break that stands there as itself, and escapes that there are not, are what they look like. */
function unescaped(text: string): string {
  if (!text.includes('\\')) return text;
  return text.replace(ESCAPE, (whole: string, hex: string | undefined, short: string | undefined) => {
    if (hex !== undefined) return String.fromCharCode(Number.parseInt(hex, 16));
    return short === undefined ? whole : (SHORT[short] ?? (short === '"' || short === '\\' || short === '/' ? short : whole));
  });
}
