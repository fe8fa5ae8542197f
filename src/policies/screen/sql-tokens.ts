/*
 * SQL in words, of no one database: what MySQL, PostgreSQL, SQL Server, Oracle and SQLite would each take for a token is one here. The
 * reader is lazy and never goes back, so a text costs at most one look at each of its characters.
 */

export type SqlKind =
  | 'number'
  | 'string'
  /** A string that the text does not close: the statement around the value will. */
  | 'open'
  | 'word'
  | 'variable'
  | 'compare'
  | 'arithmetic'
  | 'logic'
  | '('
  | ')'
  | ','
  | ';'
  | '.'
  /** A comment up to the end of the text: whatever follows in the statement is switched off. */
  | 'comment'
  /** A character that SQL does not have. */
  | 'alien'
  | 'end';

/** Tokens of one reading. What still makes sense as SQL after so many is no prose, so the rest counts as a comment. */
const TOKENS_MAX = 400;

const BACKSLASH = 92;

/** Words that may stand right before a string's opening quote, as a part of it. */
const STRING_PREFIX = /^(?:n|b|x|e|q|nq|u|_[a-z0-9]+)$/;

const WORD = 1;
const DIGIT = 2;
const SPACE = 3;

/** What a character is, below 128; above, letters are words and spaces spaces. */
const CLASS = Uint8Array.from({ length: 128 }, (_, code) => {
  if (code <= 32 || code === 127) return SPACE;
  const character = String.fromCharCode(code);
  if (/\d/.test(character)) return DIGIT;
  return /[\w$]/.test(character) ? WORD : 0;
});

function classOf(code: number): number {
  if (code < 128) return CLASS[code] ?? 0;
  return code === 0xa0 || code === 0xfeff || (code >= 0x2000 && code <= 0x200f) || code === 0x3000 ? SPACE : WORD;
}

export class SqlReader {
  readonly text: string;
  /** The token that comes next. */
  kind: SqlKind = 'end';
  /** Of a word: itself in small letters. Of an operator: itself. Of a variable: with its @. */
  word = '';
  /** Where the token begins, and where the next may. */
  start: number;
  end: number;
  /** Inside a MySQL comment whose content is executed. */
  #executed = false;
  #count = 0;

  /** Reads from `start` on; the first token is there at once. */
  constructor(text: string, start: number) {
    this.text = text;
    this.start = start;
    this.end = start;
    this.next();
  }

  /** Goes to the next token. */
  next(): void {
    this.#count += 1;
    if (this.#count > TOKENS_MAX) {
      this.kind = 'comment';
      return;
    }
    const at = this.#skip(this.end);
    this.start = at;
    if (at < 0) return;
    this.word = '';
    if (at >= this.text.length) {
      this.kind = 'end';
      this.end = at;
      return;
    }
    const code = this.text.charCodeAt(at);
    const kind = classOf(code);
    if (kind === DIGIT) this.#number(at);
    else if (kind === WORD) this.#name(at);
    else this.#mark(at, code);
  }

  is(...words: readonly string[]): boolean {
    return this.kind === 'word' && words.includes(this.word);
  }

  /** What may stand after a dot. */
  isName(): boolean {
    return this.kind === 'word' || (this.kind === 'arithmetic' && this.word === '*');
  }

  /** Takes the word if it comes next. */
  take(...words: readonly string[]): boolean {
    if (!this.is(...words)) return false;
    this.next();
    return true;
  }

  /** Over space and comments; −1 after having set the token of a comment that goes to the end. */
  #skip(from: number): number {
    const { text } = this;
    let at = from;
    for (;;) {
      while (at < text.length && classOf(text.charCodeAt(at)) === SPACE) at += 1;
      const pair = text.slice(at, at + 2);
      if (pair === '/*') {
        if (text[at + 2] === '!') {
          this.#executed = true;
          at += 3;
          while (at < text.length && classOf(text.charCodeAt(at)) === DIGIT) at += 1;
          continue;
        }
        const close = text.indexOf('*/', at + 2);
        if (close === -1) return this.#comment(at, 2);
        at = close + 2;
      } else if (pair === '*/' && this.#executed) {
        this.#executed = false;
        at += 2;
      } else if (pair === '--' || pair[0] === '#') {
        const line = text.indexOf('\n', at);
        if (line === -1 || isBlank(text, line)) return this.#comment(at, pair === '--' ? 2 : 1);
        at = line + 1;
      } else return at;
    }
  }

  #comment(at: number, length: number): number {
    this.kind = 'comment';
    this.end = at + length;
    return -1;
  }

  #number(start: number): void {
    const { text } = this;
    let at = start + 1;
    if (text[start] === '0' && /[xXbB]/.test(text[at] ?? '')) {
      at += 1;
      while (at < text.length && /[\da-f]/i.test(text[at] ?? '')) at += 1;
    } else {
      while (classOf(text.charCodeAt(at)) === DIGIT || text[at] === '.') at += 1;
      const exponent = text[at] === 'e' || text[at] === 'E' ? at + (text[at + 1] === '-' || text[at + 1] === '+' ? 2 : 1) : at;
      if (exponent > at && classOf(text.charCodeAt(exponent)) === DIGIT) {
        at = exponent;
        while (classOf(text.charCodeAt(at)) === DIGIT) at += 1;
      }
    }
    this.kind = 'number';
    this.end = at;
  }

  #name(start: number): void {
    const { text } = this;
    let at = start;
    while (at < text.length && (classOf(text.charCodeAt(at)) === WORD || classOf(text.charCodeAt(at)) === DIGIT)) at += 1;
    // No word of SQL is as long: what is cut off here decides nothing.
    const word = text.slice(start, Math.min(at, start + 64)).toLowerCase();
    const after = text.charCodeAt(at);
    if ((after === 39 || after === 34) && STRING_PREFIX.test(word)) {
      this.#string(at, after);
      return;
    }
    this.kind = 'word';
    this.word = word;
    this.end = at;
  }

  /** A string from its quote at `start`; a doubled quote is a quote, and so is one after a backslash. */
  #string(start: number, quote: number): void {
    const { text } = this;
    let at = start + 1;
    for (; at < text.length; at += 1) {
      const code = text.charCodeAt(at);
      if (code === BACKSLASH) at += 1;
      else if (code === quote) {
        if (text.charCodeAt(at + 1) !== quote) break;
        at += 1;
      }
    }
    this.kind = at < text.length ? 'string' : 'open';
    this.end = Math.min(at + 1, text.length);
  }

  #mark(start: number, code: number): void {
    const { text } = this;
    this.end = start + 1;
    switch (text[start]) {
      case "'":
      case '"':
        this.#string(start, code);
        return;
      case '`':
      case '[': {
        const close = text.indexOf(code === 96 ? '`' : ']', start + 1);
        this.kind = close === -1 ? 'alien' : 'word';
        this.word = close === -1 ? '' : '`';
        if (close !== -1) this.end = close + 1;
        return;
      }
      case '@': {
        let at = start + 1;
        while (at < text.length && (text[at] === '@' || text[at] === '.' || classOf(text.charCodeAt(at)) !== 0)) {
          if (classOf(text.charCodeAt(at)) === SPACE) break;
          at += 1;
        }
        this.kind = 'variable';
        this.word = text.slice(start, Math.min(at, start + 3));
        this.end = at;
        return;
      }
      case '(':
      case ')':
      case ',':
      case ';':
      case '.':
        this.kind = text[start] as SqlKind;
        return;
      default:
        this.#operator(start);
    }
  }

  #operator(start: number): void {
    const { text } = this;
    const pair = text.slice(start, start + 2);
    const first = pair[0] ?? '';
    if (pair === '||' || pair === '&&') this.#set('logic', pair);
    else if (COMPARISONS.has(pair)) this.#set('compare', text.startsWith('<=>', start) ? '<=>' : pair);
    else if (first === '=' || first === '<' || first === '>') this.#set('compare', first);
    else if (pair === '::' || pair === '->') this.#set('arithmetic', pair);
    else if ('+-*/%^&|~!'.includes(first)) this.#set('arithmetic', first);
    else if (pair === '\\N') this.#set('number', pair);
    else this.kind = 'alien';
  }

  #set(kind: SqlKind, operator: string): void {
    this.kind = kind;
    this.word = operator;
    this.end = this.start + operator.length;
  }
}

const COMPARISONS: ReadonlySet<string> = new Set(['<=', '>=', '<>', '!=', '==', '!<', '!>', '^=', ':=', '~*', '!~', '=~']);

/** Whether nothing but space is left. */
export function isBlank(text: string, from: number): boolean {
  for (let at = from; at < text.length; at += 1) if (classOf(text.charCodeAt(at)) !== SPACE) return false;
  return true;
}
