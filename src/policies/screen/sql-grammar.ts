/*
 * How a statement goes on after a value. The question is not whether a text holds words of SQL (prose does) but whether, from
 * the place where it left the value it was meant to be, every word up to its end fits as SQL. What was met on the way is collected as
 * evidence; sql-injection.ts weighs it.
 *
 *   continuation = { ")" } { logic expression | operator expression | union select-list | clause } [ ";" statement ] ( end | comment )
 *
 * It is looser than any database (sub-queries and arguments are only looked through), and always linear.
 */

import { MET } from './sql-evidence.ts';
import { SqlReader } from './sql-tokens.ts';
import {
  ARITHMETIC_WORDS,
  ATTACK_CALLS,
  COMPARISON_WORDS,
  CONSTANT_WORDS,
  isOperatorWord,
  LOGIC_WORDS,
  RESERVED,
  SQL_CALLS,
  STATEMENTS,
} from './sql-words.ts';

type Operand = 'none' | 'name' | 'constant' | 'other';

const DEPTH_MAX = 24;

export class SqlGrammar {
  met = 0;
  readonly #reader: SqlReader;
  #depth = 0;
  /** The word that was passed over last: a call, when a parenthesis follows. */
  #before = '';

  constructor(text: string, start: number) {
    this.#reader = new SqlReader(text, start);
  }

  /** The kind of the token that comes next; the word, when it is one. */
  get next(): { readonly kind: string; readonly word: string } {
    return this.#reader;
  }

  /** Offset after the marker of the comment that ended it. */
  get end(): number {
    return this.#reader.end;
  }

  has(bits: number): boolean {
    return (this.met & bits) !== 0;
  }

  #meet(bits: number): true {
    this.met |= bits;
    return true;
  }

  /** The value that the statement compares with, when it is no string: what an attack on a number begins with. */
  head(): Operand {
    return this.#expression();
  }

  /** Reads to the end; false when something does not fit. */
  continuation(): boolean {
    const reader = this.#reader;
    for (;;) {
      switch (reader.kind) {
        case 'end':
          return true;
        case 'comment':
          return this.#meet(MET.comment);
        case ';':
          return this.#statements();
        case ')':
          reader.next();
          break;
        case ',':
          reader.next();
          if (this.#expression() === 'none') return false;
          break;
        case '(':
          if (this.#operand() === 'none' || !this.has(MET.subquery)) return false;
          break;
        case 'logic':
          if (!this.#logic()) return false;
          break;
        case 'compare':
        case 'arithmetic':
          if (!this.#operation('other')) return false;
          break;
        case 'word':
          if (!this.#word()) return false;
          break;
        default:
          return false;
      }
    }
  }

  #word(): boolean {
    const reader = this.#reader;
    if (LOGIC_WORDS.has(reader.word)) return this.#logic();
    if (reader.is('not') || COMPARISON_WORDS.has(reader.word) || ARITHMETIC_WORDS.has(reader.word)) return this.#operation('other');
    if (reader.take('union', 'intersect', 'except', 'minus')) return this.#union();
    if (reader.take('order', 'group')) return reader.take('by') && this.#list(MET.clause);
    if (reader.take('having', 'where')) {
      const operand = this.#expression();
      return operand !== 'none' && this.#meet(operand === 'name' ? MET.clause : MET.clause | MET.symbols);
    }
    if (reader.take('limit', 'offset')) return (reader.kind === 'number' || reader.kind === '(') && this.#list(MET.clause);
    if (reader.take('into'))
      return reader.take('outfile', 'dumpfile') && this.#expression() !== 'none' && this.#meet(MET.clause | MET.symbols);
    if (reader.take('for')) return this.met !== 0 && reader.take('update', 'share');
    if (reader.take('procedure')) return reader.take('analyse', 'analyze') && this.#meet(MET.clause | MET.symbols) && this.#look();
    if (reader.take('waitfor'))
      return reader.take('delay', 'time') && this.#meet(MET.clause | MET.attackCall) && this.#expression() !== 'none';
    if (reader.is('select') && this.met !== 0) {
      // Two statements in a row need no semicolon in SQL Server.
      reader.next();
      return this.#selectList() && this.has(MET.symbols) && this.#meet(MET.stacked) && this.#look();
    }
    return false;
  }

  #logic(): boolean {
    const reader = this.#reader;
    const wasComparison = this.met & (MET.comparison | MET.constantComparison);
    reader.next();
    while (reader.is('not')) reader.next();
    const isString = reader.kind === 'string' || reader.kind === 'open';
    const operand = this.#expression();
    if (operand === 'none') return false;
    const isComparison = this.met & (MET.comparison | MET.constantComparison);
    if (operand === 'constant' && isComparison === wasComparison && (!isString || reader.kind === 'comment')) this.#meet(MET.constant);
    return this.#meet(MET.logic);
  }

  /** Operands with operators between them, up to a word of logic or a clause. */
  #expression(): Operand {
    let operand = this.#operand();
    if (operand === 'none') return 'none';
    const reader = this.#reader;
    while (reader.kind === 'compare' || reader.kind === 'arithmetic' || (reader.kind === 'word' && isOperatorWord(reader.word))) {
      if (!this.#operation(operand)) return 'none';
      operand = 'other';
    }
    return operand;
  }

  /** An operator and what is right of it. */
  #operation(left: Operand): boolean {
    const reader = this.#reader;
    reader.take('not');
    const isComparison = reader.kind === 'compare' || COMPARISON_WORDS.has(reader.word);
    if (!isComparison && reader.kind !== 'arithmetic' && !ARITHMETIC_WORDS.has(reader.word)) return false;
    const { word } = reader;
    reader.next();
    if (word === 'is') {
      reader.take('not');
      return reader.take('null', 'true', 'false', 'unknown') && this.#meet(MET.comparison);
    }
    if (word === 'in') return reader.kind === '(' && this.#operand() !== 'none' && this.#meet(MET.comparison);
    if (word === 'sounds' || word === 'similar') reader.take('like', 'to');
    if (word === 'between') {
      if (this.#operand() === 'none' || !reader.take('and')) return false;
      return this.#operand() !== 'none' && this.#meet(MET.comparison | (left === 'constant' ? MET.constantComparison : 0));
    }
    reader.take('all', 'any', 'some');
    const right = this.#operand();
    if (right === 'none') return false;
    if (!isComparison) return this.#meet(MET.arithmetic);
    return this.#meet(MET.comparison | (left === 'constant' && right === 'constant' ? MET.constantComparison : 0));
  }

  #operand(): Operand {
    const reader = this.#reader;
    while ((reader.kind === 'arithmetic' && '+-!~'.includes(reader.word)) || reader.is('not', 'binary', 'distinct', 'prior')) reader.next();
    switch (reader.kind) {
      case 'number':
      case 'string':
        reader.next();
        return 'constant';
      case 'open':
        this.#meet(MET.open);
        reader.next();
        return 'constant';
      case 'variable':
        if (reader.word.startsWith('@@')) this.#meet(MET.systemVariable);
        reader.next();
        return 'other';
      case '(':
        return this.#parenthesis();
      case 'word':
        return this.#named();
      case 'arithmetic':
        if (reader.word !== '*') return 'none';
        reader.next();
        return 'other';
      default:
        return 'none';
    }
  }

  #named(): Operand {
    const reader = this.#reader;
    const { word } = reader;
    if (RESERVED.has(word) && word !== 'like') return 'none';
    reader.next();
    // SQLite has it as a function, too.
    if (word === 'like' && reader.kind !== '(') return 'none';
    if (word === 'exists' && reader.kind === '(') return this.#parenthesis();
    if (word === 'case') return this.#caseWhen();
    let last = word;
    while (reader.kind === '.') {
      reader.next();
      if (!reader.isName()) return 'none';
      last = reader.word;
      reader.next();
    }
    if (reader.kind !== '(') {
      // date '2020-01-01', interval '1' day
      if ((word === 'date' || word === 'interval' || word === 'timestamp') && (reader.kind === 'string' || reader.kind === 'number')) {
        reader.next();
        return 'constant';
      }
      return CONSTANT_WORDS.has(last) ? 'constant' : 'name';
    }
    // time.sleep(5) is somebody's Python.
    if (ATTACK_CALLS.test(last === word || /^(?:xp|sp|dbms|utl)_/.test(last) ? last : word)) this.#meet(MET.attackCall);
    else if (SQL_CALLS.has(last)) this.#meet(MET.sqlCall);
    return this.#through() ? 'other' : 'none';
  }

  #caseWhen(): Operand {
    const reader = this.#reader;
    let whens = 0;
    let depth = 0;
    for (; reader.kind !== 'end' && reader.kind !== 'comment' && reader.kind !== 'alien'; reader.next()) {
      if (reader.kind === '(') depth += 1;
      if (reader.kind === ')') depth -= 1;
      if (depth === 0 && reader.is('when')) whens += 1;
      this.#note();
      if (depth > 0 || !reader.is('end')) continue;
      reader.next();
      return whens > 0 && this.#meet(MET.caseWhen) ? 'other' : 'none';
    }
    return 'none';
  }

  /** A sub-query, or expressions with commas between; one that the text leaves open is the statement's to close. */
  #parenthesis(): Operand {
    const reader = this.#reader;
    this.#depth += 1;
    if (this.#depth > DEPTH_MAX) return this.#through() ? 'other' : 'none';
    reader.next();
    let inner: Operand = 'other';
    if (reader.take('select', 'with', 'values')) {
      if (!this.#selectList()) return 'none';
      this.#meet(MET.subquery);
      this.#close();
    } else if (reader.kind !== ')') {
      for (;;) {
        inner = this.#expression();
        if (inner === 'none') return 'none';
        while (reader.kind === 'logic' || (reader.kind === 'word' && LOGIC_WORDS.has(reader.word))) if (!this.#logic()) return 'none';
        if (reader.kind !== ',') break;
        reader.next();
      }
    }
    this.#depth -= 1;
    if (reader.kind === ')') reader.next();
    else if (reader.kind !== 'end' && reader.kind !== 'comment') return 'none';
    return inner;
  }

  /** Over balanced parentheses, whatever is in them, but for what could not be in any. */
  #through(): boolean {
    this.#reader.next();
    if (!this.#close()) return false;
    if (this.#reader.kind === ')') this.#reader.next();
    return true;
  }

  /** To the parenthesis that closes the one we are in, or to the end, noting what attacks are made of. */
  #close(): boolean {
    const reader = this.#reader;
    let depth = 0;
    for (; reader.kind !== 'end' && reader.kind !== 'comment'; reader.next()) {
      if (reader.kind === ')') {
        if (depth === 0) return true;
        depth -= 1;
      } else if (reader.kind === 'alien' && reader.text[reader.start] !== ':') return false;
      if (reader.kind === '(') depth += 1;
      this.#note();
    }
    return true;
  }

  /** To the end, whatever comes: enough was met. */
  #look(): true {
    const reader = this.#reader;
    for (; reader.kind !== 'end' && reader.kind !== 'comment'; reader.next()) this.#note();
    return true;
  }

  #note(): void {
    const reader = this.#reader;
    if (reader.kind === 'variable' && reader.word.startsWith('@@')) this.#meet(MET.systemVariable);
    else if (reader.kind === '(' && ATTACK_CALLS.test(this.#before)) this.#meet(MET.attackCall);
    else if (reader.is('waitfor')) this.#meet(MET.attackCall);
    else if (reader.is('select')) this.#meet(MET.subquery);
    this.#before = reader.kind === 'word' ? reader.word : '';
  }

  #union(): boolean {
    const reader = this.#reader;
    while (reader.take('all', 'distinct', 'distinctrow') || reader.kind === '(') if (reader.kind === '(') reader.next();
    if (!reader.take('select', 'values', 'table')) return false;
    if (!this.#selectList()) return false;
    return this.#meet(MET.union) && this.#look();
  }

  /** The first item of a select list, and that what follows it can follow one. */
  #selectList(): boolean {
    const reader = this.#reader;
    while (reader.is('all', 'distinct', 'distinctrow', 'top', 'straight_join', 'sql_no_cache')) reader.next();
    const operand = this.#expression();
    if (operand === 'none') return false;
    if (operand !== 'name') this.#meet(MET.symbols);
    switch (reader.kind) {
      case ',':
      case 'string':
      case '(':
        return this.#meet(MET.symbols);
      case 'end':
      case 'comment':
      case ')':
      case ';':
      case 'logic':
        return true;
      case 'word':
        return operand !== 'name' || RESERVED.has(reader.word);
      default:
        return false;
    }
  }

  #list(bits: number): boolean {
    const reader = this.#reader;
    for (;;) {
      const operand = this.#expression();
      if (operand === 'none') return false;
      if (operand !== 'name') this.#meet(MET.symbols);
      reader.take('asc', 'desc');
      if (reader.kind !== ',') return this.#meet(bits);
      this.#meet(MET.symbols);
      reader.next();
    }
  }

  /** What follows a semicolon: nothing, or a statement that begins as one does. */
  #statements(): boolean {
    const reader = this.#reader;
    while (reader.kind === ';' || reader.kind === ')') reader.next();
    const kind: string = reader.kind;
    if (kind === 'end') return true;
    if (kind === 'comment') return this.#meet(MET.comment);
    if (kind !== 'word') return false;
    const { word } = reader;
    const begins = STATEMENTS.get(word);
    if (begins === undefined) return false;
    reader.next();
    if (!begins(reader.kind, reader.word)) return false;
    if (word === 'select' && !(this.#selectList() && (this.has(MET.symbols) || reader.is('from')))) return false;
    if (word === 'waitfor') this.#meet(MET.attackCall);
    this.#look();
    // These begin a statement in many languages.
    if ((word === 'if' || word === 'begin') && !this.has(MET.subquery | MET.systemVariable | MET.attackCall)) return false;
    return this.#meet(MET.stacked);
  }
}
