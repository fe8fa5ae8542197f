/*
 * What input screening says of text, and what it costs: how much of the attacks in test/screening it sees, how often it is wrong about honest
 * text, and microseconds per KiB. Without arguments it reads the samples of the repository; with folders, whatever prose and code is in
 * them: paragraphs of .md, .txt and files without an ending, and twenty lines at a time of source.
 *
 *   node bin/gatehouse.mjs run bench/micro/screening/rates.ts [--show] [FOLDER …]
 */

import { readdir } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { isSqlInjection } from '../../../src/policies/screen/sql-injection.ts';
import { textForms } from '../../../src/policies/screen/text-forms.ts';
import { isXss } from '../../../src/policies/screen/xss.ts';

const CHECKS = { sql_injection: isSqlInjection, xss: isXss } as const;
const SAMPLES = join(import.meta.dir, '../../../test/screening');
const CODE = new Set([
  '.go',
  '.js',
  '.mjs',
  '.ts',
  '.tsx',
  '.jsx',
  '.py',
  '.pl',
  '.pm',
  '.rs',
  '.c',
  '.h',
  '.java',
  '.rb',
  '.sh',
  '.css',
  '.sql',
  '.html',
]);
const PROSE = new Set(['.md', '.txt', '.rst', '']);
const FILE_BYTES_MAX = 1_000_000;
const LINES_A_PIECE = 20;

const show = process.argv.includes('--show');
const folders = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));

type Detects = (text: string) => boolean;
const sees = (detects: Detects) => (text: string) => textForms(text).some((form) => detects(form));

/** One line of the table: pieces, findings of each check, and the cost of all. */
function report(name: string, pieces: readonly string[]): void {
  if (pieces.length === 0) return;
  const cells = Object.entries(CHECKS).map(([check, detects]) => {
    const found = pieces.filter(sees(detects));
    if (show) for (const text of found) process.stdout.write(`    ${check}: ${JSON.stringify(text.slice(0, 200))}\n`);
    return `${check} ${found.length} (${((100 * found.length) / pieces.length).toFixed(3)} %)`;
  });
  process.stdout.write(`${name}: ${pieces.length} pieces, ${cells.join(', ')}, ${microsecondsPerKib(pieces).toFixed(1)} µs/KiB\n`);
}

function microsecondsPerKib(pieces: readonly string[]): number {
  const kib = pieces.reduce((sum, text) => sum + text.length, 0) / 1_024;
  let best = Infinity;
  for (let round = 0; round < 5; round += 1) {
    const start = performance.now();
    for (const text of pieces) for (const form of textForms(text)) for (const detects of Object.values(CHECKS)) detects(form);
    best = Math.min(best, (performance.now() - start) * 1_000);
  }
  return best / kib;
}

async function sample(name: string, separator: string): Promise<string[]> {
  const text = await Bun.file(join(SAMPLES, `${name}.txt`)).text();
  return text.split(separator).filter((piece) => piece.trim() !== '');
}

async function collect(folder: string): Promise<Map<string, Set<string>>> {
  const kinds = new Map<string, Set<string>>();
  const add = (kind: string, piece: string) => {
    const text = piece.trim();
    if (text.length < LINES_A_PIECE) return;
    const pieces = kinds.get(kind) ?? new Set();
    kinds.set(kind, pieces.add(text.slice(0, 4_000)));
  };
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const kind = extname(entry.name).toLowerCase();
    if (!entry.isFile() || !(CODE.has(kind) || PROSE.has(kind))) continue;
    const file = Bun.file(join(entry.parentPath, entry.name));
    if (file.size > FILE_BYTES_MAX) continue;
    const text = await file.text();
    if (text.includes('\0') || text.includes('\ufffd')) continue;
    if (CODE.has(kind)) {
      const lines = text.split('\n');
      for (let at = 0; at < lines.length; at += LINES_A_PIECE) add(`code ${kind}`, lines.slice(at, at + LINES_A_PIECE).join('\n'));
    } else {
      text.split(/^```.*$/m).forEach((part, index) => {
        if (index % 2 === 1) add('code in prose', part);
        else for (const paragraph of part.split(/\n\s*\n/)) add('prose', paragraph);
      });
    }
  }
  return kinds;
}

if (folders.length === 0) {
  report('attacks, SQL', await sample('attacks-sql', '\n'));
  report('attacks, script', await sample('attacks-xss', '\n'));
  report('messages', await sample('honest-messages', '\n'));
  report('prose', await sample('honest-prose', '\n%%\n'));
  report('code', await sample('honest-code', '\n%%\n'));
  const long = "It's a long established fact that a reader will be distracted by the content of a page. ".repeat(700);
  report('one text of 60 KiB', [long]);
  report(
    'the worst of 60 KiB',
    ['" \'', '<a ', '&amp;', "' or 1=1 or "].map((unit) => unit.repeat(61_440 / unit.length)),
  );
}
for (const folder of folders) {
  process.stdout.write(`${folder}\n`);
  for (const [kind, pieces] of [...(await collect(folder))].toSorted(([one], [other]) => one.localeCompare(other)))
    report(`  ${kind}`, [...pieces]);
}
