/*
 * The house rules that the linter cannot know, as tables: what is not done, where it may be done all the same, and what to do
 * instead. Every function takes a path (relative to the project, with `/`) and a text, and returns what is wrong with it.
 */
import { dirname, join, normalize } from 'node:path/posix';
import { lineAt, type SourceViews, viewsOf } from './source-text.ts';

export interface SourceFile {
  readonly path: string;
  readonly text: string;
}

/**
 * Imports go one way: a folder of src/ imports from itself and from the rows above its own, not from its neighbours in the row.
 * `main` and `gateway` are files. The pairs in EXCEPTIONS may all the same (`members`: only these).
 */
const LEVELS: readonly (readonly string[])[] = [
  ['base'],
  ['operations'],
  ['dialects', 'stores', 'telemetry', 'catalog'],
  ['pipeline', 'providers', 'context', 'ledger'],
  ['policies', 'routing', 'upstream'],
  ['edge', 'config'],
  ['admin'],
  ['gateway', 'doctor'],
  ['cli'],
  ['main'],
];

const EXCEPTIONS: readonly { from: string; to: string; members?: RegExp; because: string }[] = [
  { from: 'upstream', to: 'routing', because: 'a Plan is what routing hands to upstream' },
  { from: 'routing', to: 'upstream', members: /-config$/, because: 'a provider and a model may override how they are called' },
  { from: 'config', to: 'edge', members: /-config$/, because: 'the root schema is composed of the schemas of modules' },
  { from: 'config', to: 'admin', members: /-config$/, because: 'the root schema is composed of the schemas of modules' },
];

/** The simulated servers stand outside: they know nothing of the gateway, and only their command knows them. */
const SIMULATE = { name: 'simulate', mayImport: ['base'], importedBy: ['cli'] };

/** Folders whose members do not know each other, with the files in them that are shared: the contract and what is built on it. */
const STRANGERS: readonly { folder: string; shared: RegExp }[] = [
  { folder: 'policies', shared: /^policy[a-z-]*$/ },
  { folder: 'providers', shared: /^(provider[a-z-]*|openai-compatible)$/ },
  { folder: 'dialects', shared: /^dialect[a-z-]*$/ },
];

interface BannedRow {
  readonly pattern: RegExp;
  readonly instead: string;
  /** Where it is allowed all the same. */
  readonly except?: RegExp;
}

/** Calls that src/ does not make, looked up in code without comments and strings. Tests are free to. */
const BANNED_IN_SRC: readonly BannedRow[] = [
  {
    pattern: /\bDate\.now\(|\bnew Date\(\)|\bperformance\.now\(|\bBun\.nanoseconds\(/g,
    instead: 'take a Clock: now() for timestamps, monotonic() for durations',
    except: /^src\/base\/system-clock\.ts$/,
  },
  {
    pattern: /\b(setTimeout|setInterval|Bun\.sleep|AbortSignal\.timeout)\(/g,
    instead: 'take a Clock: after() and sleep() can be held still by a test',
    except: /^src\/base\/system-clock\.ts$/,
  },
  { pattern: /\bMath\.random\(/g, instead: 'take a `random: () => number`' },
  { pattern: /\bconsole\./g, instead: 'take a Logger; a command writes with process.stdout.write' },
  {
    pattern: /\bprocess\.env\b|\bBun\.env\b|\bimport\.meta\.env\b/g,
    instead: 'take it as a parameter: only src/config/ and the entry files read the environment',
    except: /^src\/(config\/|main\.ts$|cli\/)/,
  },
  {
    pattern: /\bprocess\.std(out|err)\b/g,
    instead: 'take a Logger, or a `write` function: only commands and the entry files own the terminal',
    except: /^src\/(cli\/|main\.ts$|simulate\/|telemetry\/)/,
  },
  {
    pattern: /\bprocess\.exit\(/g,
    instead: 'throw, or return: only the entry files end the process',
    except: /^src\/(cli\/|main\.ts$|simulate\/)/,
  },
  {
    pattern: /(?<![.#\w]|function )fetch\((?![^()]*\)\s*(:[^{}]*)?\{)/g,
    instead: 'go through src/upstream/transport/: the SSRF rules live there',
    except: /^src\/(upstream\/transport\/|cli\/|simulate\/)/,
  },
];

/** The same, looked up in the text with strings kept. */
const BANNED_TEXT_IN_SRC: readonly BannedRow[] = [
  {
    pattern: /\btype:\s*['"]direct['"]/g,
    instead: 'use an async generator or a pull stream: direct streams ignore back-pressure',
  },
];

/** For test files. */
const BANNED_IN_TESTS: readonly BannedRow[] = [
  { pattern: /\b(test|describe|it)\.only\(/g, instead: 'remove `.only`: it silences every other test' },
  { pattern: /\b(test|describe|it)\.(skip|todo)\(/g, instead: 'mend it or delete it; `test.skipIf(…)` where a server may be missing' },
  { pattern: /\bmock\.module\(/g, instead: 'pass a real part through the constructor: our own code is not mocked' },
];

const NAME_BANNED = /(^|\/)(utils?|helpers?|common|misc|types|constants|manager|index)(\.test)?\.(ts|mjs)$/;

/** A comparison with the name of a provider or dialect, in either order, or as a case. */
function nameComparison(names: readonly string[]): RegExp {
  const name = `['"\`](?:${names.join('|')})['"\`]`;
  return new RegExp(`[!=]==?\\s*${name}|${name}\\s*[!=]==?|\\bcase\\s+${name}\\s*:|\\.(?:includes|startsWith|endsWith)\\(${name}\\)`, 'g');
}

function isTest(path: string): boolean {
  return path.endsWith('.test.ts') || path.startsWith('test/');
}

export interface Surroundings {
  /** Names of providers and dialects, which shared code does not compare with. */
  readonly names: readonly string[];
  /** Packages that are there at run time. */
  readonly packages: ReadonlySet<string>;
}

/** Everything that is wrong with one file. */
export function problemsOf(file: SourceFile, { names, packages }: Surroundings): string[] {
  const views = viewsOf(file.text);
  const problems: string[] = [];
  if (NAME_BANNED.test(file.path)) problems.push(`${file.path}: such a name says nothing: name the file after the one thing in it`);
  if (isBarrel(views.withoutComments)) problems.push(`${file.path}: it only re-exports: import from the file itself`);

  const look = (rows: readonly BannedRow[], text: string) => {
    for (const { pattern, instead, except } of rows) {
      if (except?.test(file.path) === true) continue;
      for (const match of text.matchAll(pattern)) {
        problems.push(`${file.path}:${lineAt(text, match.index)}: \`${match[0].trim()}\`: ${instead}`);
      }
    }
  };
  if (isTest(file.path)) look(BANNED_IN_TESTS, views.code);
  else if (file.path.startsWith('src/')) {
    look(BANNED_IN_SRC, views.code);
    look(BANNED_TEXT_IN_SRC, views.withoutComments);
    const knowsNames = /^src\/(providers|dialects|simulate)\//.test(file.path);
    if (!knowsNames && names.length > 0) {
      look(
        [{ pattern: nameComparison(names), instead: 'ask for a property that each provider or dialect declares' }],
        views.withoutComments,
      );
    }
    for (const { specifier, offset } of importsOf(views)) {
      const problem = specifier.startsWith('.') ? importProblem(file.path, specifier) : packageProblem(specifier, packages);
      if (problem !== undefined) problems.push(`${file.path}:${lineAt(file.text, offset)}: ${problem}`);
    }
  }
  return problems;
}

/** Every static, dynamic and type import of a text. */
function importsOf({ withoutComments, code }: SourceViews): { specifier: string; offset: number }[] {
  const found = withoutComments.matchAll(/(?<![.\w])(?:from\s*|import\s*\(?\s*)['"]([^'"\n]+)['"]/g);
  return Array.from(found, (match) => ({ specifier: match[1] ?? '', offset: match.index })).filter(({ offset }) => code[offset] !== ' ');
}

function packageProblem(specifier: string, packages: ReadonlySet<string>): string | undefined {
  if (/^(node|bun):|^bun$/.test(specifier)) return undefined;
  const name = specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
  return packages.has(name) ? undefined : `imports ${name}, which is not among the dependencies at run time`;
}

/** What is wrong with one relative import of a file in src/, or undefined. */
export function importProblem(path: string, specifier: string): string | undefined {
  const target = normalize(join(dirname(path), specifier));
  if (!target.startsWith('src/')) return target === 'package.json' ? undefined : `imports ${target}: src/ imports nothing from outside`;
  const from = placeOf(path);
  const to = placeOf(target);
  if (from.folder === to.folder) return strangerProblem(from, to);
  if (from.folder === SIMULATE.name) {
    return SIMULATE.mayImport.includes(to.folder) ? undefined : `simulate imports ${to.folder}: it knows nothing of the gateway, only base`;
  }
  if (to.folder === SIMULATE.name) {
    return SIMULATE.importedBy.includes(from.folder) ? undefined : `${from.folder} imports simulate: only its command does`;
  }
  const fromLevel = levelOf(from.folder);
  const toLevel = levelOf(to.folder);
  for (const [place, level] of [[from, fromLevel] as const, [to, toLevel] as const]) {
    if (level === -1)
      return `src/${place.folder} has no level: give it one in LEVELS (test/tidy/source-rules.ts), and say why in docs/decisions/`;
  }
  if (toLevel < fromLevel) return undefined;
  const excepted = EXCEPTIONS.some((pair) => pair.from === from.folder && pair.to === to.folder && (pair.members?.test(to.member) ?? true));
  if (excepted) return undefined;
  return `${from.folder} imports ${to.folder}, but imports go one way: ${LEVELS.map((row) => row.join(', ')).join(' < ')}. Move the shared part down, or pass it in`;
}

interface Place {
  /** The folder of src/, or the name of a file that lies in src/ itself. */
  readonly folder: string;
  /** The member inside the folder: a subfolder, or a file's name. */
  readonly member: string;
}

function placeOf(path: string): Place {
  const [, folder = '', member = ''] = path.replace(/(\.test)?\.ts$/, '').split('/');
  return { folder, member };
}

function levelOf(folder: string): number {
  return LEVELS.findIndex((row) => row.includes(folder));
}

function strangerProblem(from: Place, to: Place): string | undefined {
  const row = STRANGERS.find((candidate) => candidate.folder === from.folder);
  if (row === undefined || from.member === to.member || from.member === 'registry' || row.shared.test(to.member)) return undefined;
  return `${from.folder}/${from.member} imports ${to.folder}/${to.member}: they are strangers. Pass a fact through the exchange, or move what they share down`;
}

/** Whether a text without comments does nothing but pass on what other files export. */
export function isBarrel(text: string): boolean {
  if (!/\bexport\b/.test(text)) return false;
  const rest = text
    .replace(/\bimport\b[^;'"]*['"][^'"]*['"]\s*;?/g, '')
    .replace(/\bexport\s+(type\s+)?(\*(\s+as\s+\w+)?|\{[^}]*\})(\s+from\s+['"][^'"]*['"])?\s*;?/g, '');
  return rest.trim() === '';
}
