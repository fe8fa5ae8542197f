/*
 * Whether a value, put into a statement, would change what the statement says. A value stands in one of three places there: bare (a number),
 * in single or in double quotes; so it is read three times: from its beginning, and from the first quote of each kind, where it
 * would leave its string. What follows must be SQL up to the last character (sql-grammar.ts), and hold what an attack needs.
 *
 * An apostrophe in prose fails at the second word after it. The price of that strictness: SQL that is broken on purpose, so that an
 * error tells of it, passes.
 */

import { MET } from './sql-evidence.ts';
import { SqlGrammar } from './sql-grammar.ts';
import { isBlank } from './sql-tokens.ts';

/** Longest beginning of a value that is taken for a name or a number in front of an attack that is nothing but punctuation. */
const HEAD_MAX = 64;

/** Whether the text injects SQL. Linear in its length. */
export function isSqlInjection(text: string): boolean {
  if (!CANDIDATE.test(text)) return false;
  return isBareInjection(text) || isQuotedInjection(text, "'") || isQuotedInjection(text, '"');
}

/** One of these is in every attack: a cheap look, for most texts hold none. */
const CANDIDATE =
  /['"#;=<>|&(*]|--|\b(?:and|or|xor|union|intersect|except|minus|order|having|group|limit|procedure|like|between|waitfor)\b/i;

const CONTINUES = new Set(['logic', 'compare', 'arithmetic', ';', ')', ',', '(', 'comment', 'word']);

function isQuotedInjection(text: string, quote: string): boolean {
  let at = firstQuote(text, quote, 0);
  if (at === -1) return false;
  if (leavesString(text, at)) return true;
  // To a database that knows the backslash it was none yet.
  if (text[at - 1] !== '\\') return false;
  at = firstQuote(text, quote, at + 1);
  return at !== -1 && leavesString(text, at);
}

/** The first quote that is not doubled. */
function firstQuote(text: string, quote: string, from: number): number {
  let at = text.indexOf(quote, from);
  while (at !== -1 && text[at + 1] === quote && text[at + 2] !== undefined && at > 0) at = text.indexOf(quote, at + 2);
  return at;
}

function leavesString(text: string, quoteAt: number): boolean {
  const sql = new SqlGrammar(text, quoteAt + 1);
  if (!CONTINUES.has(sql.next.kind)) return false;
  const { kind } = sql.next;
  if (!sql.continuation()) return false;
  if (sql.has(MET.union | MET.stacked | MET.attackCall | MET.systemVariable | MET.subquery | MET.caseWhen)) return true;
  if (sql.has(MET.logic)) {
    if (sql.has(MET.comparison)) return true;
    if (sql.has(MET.constant) && !sql.has(MET.open)) return true;
    if (sql.has(MET.sqlCall)) return true;
  }
  if (sql.has(MET.clause)) return sql.has(MET.symbols | MET.comment);
  const head = text.slice(0, Math.min(quoteAt, HEAD_MAX + 1));
  if (head.length > HEAD_MAX || !PLAIN_HEAD.test(head)) return false;
  // admin'--
  if (sql.has(MET.comment)) return isBlankComment(text, sql.end);
  // '=', '-0, 'like'%: it is over, as it began, with what compares or reckons.
  if (kind === 'end' || !sql.has(MET.comparison | MET.arithmetic)) return false;
  return text.length - quoteAt <= HEAD_MAX / 2 && PLAIN_REST.test(text.slice(quoteAt));
}

const PLAIN_HEAD = /^[\w@.+ -]*$/;
/** Quotes, operators, and next to nothing between: `'='`, `' like '%`, `'-0`. */
const PLAIN_REST = /^['"]\s*(?:(?:[=<>!*^%/&|+~-]{1,3}|like|rlike|regexp)\s*['"]%?\w{0,8}%?|(?:[=<>!]{1,3}|-)\s*\d+)(?:\s*--.*|#)?$/i;

/** After `--` or `#`, what is said to keep the space from being trimmed; anything more is a text that only looks so. */
function isBlankComment(text: string, from: number): boolean {
  return text.length - from <= 8 && (isBlank(text, from) || /^[\s+*/'"%-]*$/.test(text.slice(from)));
}

const TAIL_WORDS = new Set(['and', 'or', 'xor', 'union', 'order', 'group', 'having', 'limit', 'waitfor', 'procedure', 'rlike', 'like']);
const HEADLESS = new Set(['logic', ';', ')', ',']);

function isBareInjection(text: string): boolean {
  const sql = new SqlGrammar(text, 0);
  const { kind, word } = sql.next;
  const isHeadless = HEADLESS.has(kind) || (kind === 'word' && TAIL_WORDS.has(word));
  const isNumber = kind === 'number' || kind === 'string' || word === 'null' || (kind === 'arithmetic' && word === '-');
  if (!isHeadless && sql.head() === 'none') return false;
  if (!sql.continuation()) return false;
  if (sql.has(MET.stacked))
    return isHeadless || isNumber || kind === 'word' ? word !== 'begin' && word !== 'commit' && word !== 'go' : false;
  if (sql.has(MET.union)) return isNumber || sql.has(MET.symbols);
  const isStrong = sql.has(MET.attackCall | MET.systemVariable | MET.subquery | MET.caseWhen);
  if (sql.has(MET.logic)) {
    if (isStrong || sql.has(MET.constantComparison)) return true;
    if (sql.has(MET.comparison)) return isNumber || sql.has(MET.comment);
    return sql.has(MET.constant) && sql.has(MET.comment) && isNumber;
  }
  if (isStrong) return true;
  return sql.has(MET.clause) && sql.has(MET.symbols) && (isNumber || sql.has(MET.comment));
}
