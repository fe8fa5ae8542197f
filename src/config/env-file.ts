/*
 * A file of variables (`--env-file`), as docker compose reads `.env`:
 *
 *   # a comment
 *   NAME=text              # a comment after a space; `export NAME=text` and `NAME: text` are the same
 *   NAME="a b\n${OTHER}"   references and the escapes \n \r \t \" \\ \$ are followed, also over several lines
 *   NAME='a b $5'          as it stands; only \' is an escape
 *   NAME                   whatever the environment says
 *
 * References: $NAME, ${NAME}, ${NAME:-default}, ${NAME-default}, ${NAME:+other}, ${NAME+other}, ${NAME:?message}, ${NAME?message};
 * `$$` is a plain `$`. The environment answers first, then the lines above. Of two lines with one name the later one counts.
 *
 * The parser is ours because the known libraries pass over a bad line without a word, and have no line numbers to tell.
 * Source: docs.docker.com/compose, "Interpolation", .env file syntax. Values are never part of a message.
 */

import { resolve } from 'node:path';
import type { FileSource } from './config-file.ts';
import type { Environment } from './environment.ts';
import { ConfigError, type Problem } from './problem.ts';

export interface EnvFile {
  readonly variables: ReadonlyMap<string, EnvFileVariable>;
  readonly problems: readonly EnvFileProblem[];
}

export interface EnvFileVariable {
  readonly value: string;
  readonly line: number;
}

export interface EnvFileProblem {
  readonly line: number;
  readonly message: string;
  readonly hint?: string;
}

const NAME = /[A-Za-z_][\w.-]*/y;
const NO_ASSIGNMENT = ['is no NAME=value', 'a name begins with a letter; comments begin with #'] as const;
/** `${A:-${B:-…}}` within itself. */
const DEPTH_MAX = 10;
/** References multiply what they stand for. */
const VALUE_CHARACTERS_MAX = 65_536;

/** Parses a whole file. Never throws: a bad line is a problem, and the lines after it are read all the same. */
export function parseEnvFile(text: string, environment: Environment): EnvFile {
  const reader = new Reader(text.replace(/^\uFEFF/, '').replaceAll('\r\n', '\n'), environment);
  while (reader.next()) {
    // One statement at a time.
  }
  return reader;
}

const BYTES_MAX = 65_536;

/** The environment, with a file of variables below it. */
export interface WholeEnvironment {
  readonly environment: Environment;
  /** The file, absolute. */
  readonly path?: string;
  /** Where a variable of the file stands (`.env:3`); undefined for those that the environment gives itself. */
  readonly placeOf: (name: string) => string | undefined;
  readonly problems: readonly Problem[];
}

/** Lays the environment over a file, if one is named; a variable that is set and empty counts as not set. Throws a ConfigError without the file. */
export async function withEnvFile(
  given: string | undefined,
  { environment, source }: { readonly environment: Environment; readonly source: FileSource },
): Promise<WholeEnvironment> {
  if (given === undefined) return { environment, placeOf: () => undefined, problems: [] };
  const path = resolve(source.cwd, given);
  let text: string;
  try {
    text = await source.readFile(path, BYTES_MAX);
  } catch (error) {
    const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    const message = isMissing ? 'there is no such file' : `cannot be read: ${(error as Error).message}`;
    throw new ConfigError([{ file: given, path: '', message, hint: '--env-file names it' }]);
  }
  const { variables, problems } = parseEnvFile(text, environment);
  const fromFile = new Map([...variables].filter(([name]) => (environment[name] ?? '').trim() === ''));
  return {
    environment: { ...environment, ...Object.fromEntries([...fromFile].map(([name, { value }]) => [name, value])) },
    path,
    placeOf(name) {
      const line = fromFile.get(name)?.line;
      return line === undefined ? undefined : `${given}:${line}`;
    },
    // Without a column: the line itself is not shown, for it may hold a secret.
    problems: problems.map((problem) => ({ file: given, path: '', ...problem })),
  };
}

/** Raised inside a statement, and caught around it. */
class BadLine extends Error {
  readonly hint: string | undefined;

  constructor(message: string, hint?: string) {
    super(message);
    this.hint = hint;
  }
}

class Reader implements EnvFile {
  readonly variables = new Map<string, EnvFileVariable>();
  readonly problems: EnvFileProblem[] = [];
  readonly #text: string;
  readonly #environment: Environment;
  #at = 0;
  #line = 1;

  constructor(text: string, environment: Environment) {
    this.#text = text;
    this.#environment = environment;
  }

  /** Reads one statement; false at the end of the file. */
  next(): boolean {
    this.#skip(/\s*/y);
    if (this.#at >= this.#text.length) return false;
    if (this.#text[this.#at] === '#') {
      this.#skip(/[^\n]*/y);
      return true;
    }
    const line = this.#line;
    try {
      this.#statement(line);
    } catch (error) {
      if (!(error instanceof BadLine)) throw error;
      this.problems.push({ line, message: error.message, ...(error.hint === undefined ? {} : { hint: error.hint }) });
      this.#skip(/[^\n]*/y);
    }
    return true;
  }

  #statement(line: number): void {
    this.#skip(/export[ \t]+(?=[A-Za-z_])/y);
    const name = this.#skip(NAME);
    if (name === '') throw new BadLine(...NO_ASSIGNMENT);
    this.#skip(/[ \t]*/y);
    const separator = this.#text[this.#at];
    if (separator === undefined || separator === '\n' || separator === '#') {
      // As the environment has it: nothing to add.
      this.#skip(/[^\n]*/y);
      return;
    }
    // Not even the name is repeated: a line that is none may be the rest of a secret.
    if (separator !== '=' && separator !== ':') throw new BadLine(...NO_ASSIGNMENT);
    this.#at += 1;
    this.#skip(/[ \t]*/y);
    const value = this.#value();
    if (value.includes('\0')) throw new BadLine(`the value of '${name}' holds a zero byte`);
    this.variables.set(name, { value, line });
  }

  #value(): string {
    const quote = this.#text[this.#at];
    if (quote !== '"' && quote !== "'") {
      const raw = this.#skip(/[^\n]*/y);
      return this.#expand(raw.replace(/(?:^|[ \t])#.*$/, '').trim(), 0);
    }
    const quoted = this.#skip(quote === '"' ? /"(?:[^"\\]|\\[^])*"/y : /'(?:[^'\\]|\\[^])*'/y);
    if (quoted === '') throw new BadLine(`the quote ${quote} is not closed`);
    const rest = this.#skip(/[^\n]*/y);
    if (!/^[ \t\r]*(?:#.*)?$/.test(rest)) throw new BadLine('something follows the closing quote');
    const inside = quoted.slice(1, -1);
    return quote === '"' ? this.#expand(inside, 0, true) : inside.replaceAll("\\'", "'");
  }

  /** Follows references, and escapes where the text stood in double quotes. */
  #expand(text: string, depth: number, escapes = false): string {
    if (depth > DEPTH_MAX) throw new BadLine('references stand too deep in each other');
    let made = '';
    for (let at = 0; at < text.length; ) {
      const char = text[at] ?? '';
      if (escapes && char === '\\' && at + 1 < text.length) {
        made += unescape(text[at + 1] ?? '');
        at += 2;
      } else if (char === '$') {
        const { value, length } = this.#reference(text.slice(at), depth, escapes);
        made += value;
        at += length;
      } else {
        made += char;
        at += 1;
      }
      if (made.length > VALUE_CHARACTERS_MAX) throw new BadLine(`a value has more than ${VALUE_CHARACTERS_MAX} characters`);
    }
    return made;
  }

  /** The reference that `text` begins with. */
  #reference(text: string, depth: number, escapes: boolean): { readonly value: string; readonly length: number } {
    if (text.startsWith('$$')) return { value: '$', length: 2 };
    const plain = /^\$([A-Za-z_]\w*)/.exec(text);
    if (plain !== null) return { value: this.#lookUp(plain[1] ?? '') ?? '', length: plain[0].length };
    const length = lengthOfBraces(text);
    const [whole, name = '', operator = '', operand = ''] = /^\$\{([A-Za-z_]\w*)(?:(:?[-+?])([^]*))?\}$/.exec(text.slice(0, length)) ?? [];
    if (whole === undefined) throw new BadLine('a $ begins no reference', 'write $$ for a plain $, or put the value in single quotes');
    const known = this.#lookUp(name);
    const isGiven = known !== undefined && (known !== '' || !operator.startsWith(':'));
    const other = () => this.#expand(operand, depth + 1, escapes);
    if (operator.endsWith('+')) return { value: isGiven ? other() : '', length };
    if (isGiven) return { value: known, length };
    if (operator.endsWith('?')) throw new BadLine(`the variable ${name} is not set${operand === '' ? '' : `: ${operand}`}`);
    return { value: operator === '' ? '' : other(), length };
  }

  #lookUp(name: string): string | undefined {
    return this.#environment[name] ?? this.variables.get(name)?.value;
  }

  /** Moves over what a sticky pattern matches here, counting lines; returns it. */
  #skip(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0] ?? '';
    this.#at += found.length;
    for (let index = found.indexOf('\n'); index !== -1; index = found.indexOf('\n', index + 1)) this.#line += 1;
    return found;
  }
}

/** Length of the `${…}` that a text begins with, braces in it included; 0 when it is not closed. */
function lengthOfBraces(text: string): number {
  if (!text.startsWith('${')) return 0;
  let depth = 0;
  for (let at = 1; at < text.length; at += 1) {
    if (text[at] === '{' && text[at - 1] === '$') depth += 1;
    else if (text[at] === '}') depth -= 1;
    if (depth === 0) return at + 1;
  }
  return 0;
}

function unescape(char: string): string {
  switch (char) {
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    case '"':
    case '\\':
    case '$':
      return char;
    default:
      return `\\${char}`;
  }
}
