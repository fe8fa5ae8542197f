/* The words that sql-grammar.ts knows, of all the databases at once. */

function words(text: string): string[] {
  return text.split(' ');
}

export const ATTACK_CALLS =
  /^(?:sleep|benchmark|pg_sleep(?:_for|_until)?|load_file|load_extension|extractvalue|updatexml|xmltype|(?:xp|sp|dbms|utl|lo|sys)_\w+|randomblob|copy_from_program|query_to_xml|database_to_xml|name_const|make_set|elt|gtid_subset|gtid_subtract)$/;
export const SQL_CALLS = new Set(
  words(
    'abs ascii avg bin bit_length cast char char_length chr coalesce concat concat_ws conv convert count current_user database date_add db_name ' +
      'exp floor fn_listextendedproperty greatest group_concat hex host_name if ifnull iif instr is_srvrolemember isnull json_extract least left length ' +
      'lower ltrim max md5 mid min nullif nvl ord password pow quote rand replace reverse right round rownum rpad schema sha1 sha2 sqlite_version ' +
      'string_agg strcmp substr substring substring_index sum suser_name system_user to_char to_number translate trim unhex upper user user_name version',
  ),
);
export const CONSTANT_WORDS = new Set(['null', 'true', 'false', 'unknown', 'current_user', 'session_user', 'user', 'rownum', 'sysdate']);
export const LOGIC_WORDS = new Set(['and', 'or', 'xor']);
export const COMPARISON_WORDS = new Set(['like', 'rlike', 'regexp', 'ilike', 'glob', 'is', 'in', 'between', 'sounds', 'similar']);
export const ARITHMETIC_WORDS = new Set(['div', 'mod', 'collate', 'escape']);
/** Words that end an expression: none of them is a name. */
export const RESERVED = new Set([
  ...LOGIC_WORDS,
  ...COMPARISON_WORDS,
  ...ARITHMETIC_WORDS,
  ...words(
    'union intersect except minus order group having limit offset into procedure where from for waitfor select insert update delete',
  ),
  ...words('drop as on by then when else end set values fetch returning'),
]);

/** Words that stand between two operands. */
export function isOperatorWord(word: string): boolean {
  return COMPARISON_WORDS.has(word) || ARITHMETIC_WORDS.has(word) || word === 'not';
}

type Begins = (kind: string, word: string) => boolean;

const OBJECTS = words(
  'table database schema view user index function procedure proc trigger login column role sequence temporary temp unique or extension alias system session',
);
const after = (...allowedWords: readonly string[]): Begins => {
  const allowed = new Set(allowedWords);
  return (kind, word) => kind === 'word' && allowed.has(word);
};
const anyWord: Begins = (kind) => kind === 'word';
const atEnd: Begins = (kind) => kind === 'end' || kind === 'comment' || kind === ';';

/** How statements begin that are worth an attack. */
export const STATEMENTS = new Map<string, Begins>([
  ['select', () => true],
  ['drop', after(...OBJECTS)],
  ['create', after(...OBJECTS)],
  ['alter', after(...OBJECTS)],
  ['truncate', after('table')],
  ['delete', after('from')],
  ['insert', after('into', 'ignore')],
  ['replace', after('into')],
  ['merge', after('into')],
  ['update', anyWord],
  [
    'exec',
    (kind, word) =>
      kind === '(' || kind === 'string' || kind === 'variable' || (kind === 'word' && (word.includes('_') || word === 'master')),
  ],
  [
    'execute',
    (kind, word) =>
      kind === '(' || kind === 'string' || kind === 'variable' || (kind === 'word' && (word.includes('_') || word === 'immediate')),
  ],
  ['declare', (kind) => kind === 'variable'],
  ['set', (kind) => kind === 'variable'],
  ['waitfor', after('delay', 'time')],
  ['shutdown', (kind, word) => atEnd(kind, word) || word === 'with'],
  ['grant', after('all', 'select', 'insert', 'update', 'delete', 'execute', 'dba', 'connect')],
  ['if', (kind, word) => kind === '(' || word === 'exists' || word === 'not'],
  ['begin', anyWord],
  ['load', after('data')],
  ['rename', after('table')],
  ['attach', after('database')],
  ['copy', (kind, word) => kind === '(' || (kind === 'word' && word.includes('_'))],
  ['dbcc', anyWord],
  ['handler', anyWord],
  ['reconfigure', atEnd],
]);
