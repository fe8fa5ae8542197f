/* Source code: lines, blocks parted by empty lines, and the definitions that a line stands in, as its indentation tells. */

import { indentOf, linesOf } from './lines.ts';
import { BREAKS, type Break, HEADINGS_MAX, headingOf, NO_HEADINGS, type Piece } from './piece.ts';

/** Words that begin a definition, in most languages that there are, behind others that say how visible it is. */
const DEFINITION =
  /^(?:(?:export|default|public|private|protected|internal|static|final|abstract|sealed|override|virtual|async|inline|const|unsafe|extern|pub(?:\([^)]*\))?|open|data|partial|readonly|declare)\s+)*(?:class|interface|struct|enum|trait|impl|module|namespace|package|def|fn|func|function\*?|fun|sub|proc|type|record|object|protocol|extension|union|macro_rules!)\b/i;
const LOOK = 256;

interface Scope {
  readonly indent: number;
  readonly name: string;
}

export function* codePieces(text: string): Generator<Piece> {
  const scopes: Scope[] = [];
  let headings = NO_HEADINGS;
  let isAfterEmpty = true;
  let isFirst = true;
  for (const line of linesOf(text)) {
    if (line.first === line.end) {
      isAfterEmpty = true;
      continue;
    }
    const indent = indentOf(text, line);
    const isDefinition = DEFINITION.test(text.slice(line.first, Math.min(line.end, line.first + LOOK)));
    // A bracket that closes belongs to what it closes.
    const isCloser = /[)\]}]/.test(text.charAt(line.first));
    let changed = false;
    while (scopes.length > 0 && !isCloser && (scopes.at(-1)?.indent ?? 0) >= indent) changed = scopes.pop() !== undefined || changed;
    if (changed) headings = namesOf(scopes);
    yield {
      start: line.start,
      end: line.end,
      before: isFirst ? BREAKS.chapter : breakBefore({ indent, isAfterEmpty, isDefinition, isCloser }),
      headings,
    };
    if (isDefinition && indent < 40) {
      scopes.push({ indent, name: headingOf(text, line.first, line.end) });
      headings = namesOf(scopes);
    }
    isAfterEmpty = false;
    isFirst = false;
  }
}

function namesOf(scopes: readonly Scope[]): readonly string[] {
  return scopes.slice(-HEADINGS_MAX).map(({ name }) => name);
}

interface Look {
  readonly indent: number;
  readonly isAfterEmpty: boolean;
  readonly isDefinition: boolean;
  readonly isCloser: boolean;
}

function breakBefore({ indent, isAfterEmpty, isDefinition, isCloser }: Look): Break {
  if (isCloser) return BREAKS.word;
  if (isAfterEmpty) return indent === 0 ? BREAKS.paragraph : BREAKS.item;
  if (isDefinition) return indent === 0 ? BREAKS.item : BREAKS.line;
  return indent <= 4 ? BREAKS.line : BREAKS.sentence;
}

const CODE = new Set(
  `ts tsx mts cts js jsx mjs cjs py pyi rb go rs java kt kts scala c h cc cpp cxx hpp hh cs fs swift m mm php pl pm lua r jl dart ex exs erl hrl hs ml mli
  clj cljs groovy sh bash zsh fish ps1 sql vue svelte zig nim v sol proto graphql gradle tf hcl cmake mk`.split(/\s+/),
);

/** By the last part of a file's name, in lower case. */
export function isCodeExtension(extension: string): boolean {
  return CODE.has(extension);
}
