/*
 * `npm run eval`: measures how well memory and knowledge find what is asked for, and holds each figure against its bar. Ends with 1 when one
 * is missed. eval/README.md tells how to read it, and how to add a set.
 */

import { mkdirSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { EvalData } from './data.ts';
import { markdown, type Report, type Row, rowOf } from './report.ts';
import type { EvalSet } from './sets/eval-set.ts';
import { EVAL_SETS } from './sets/registry.ts';

const USAGE = `Usage: npm run eval -- [--only SET[,SET…]] [--save] [--list] [--embedder URL]

  --only   runs these sets alone
  --save   also writes the table to eval/results/
  --list   names the sets
  --embedder   an OpenAI-compatible server of all-MiniLM-L6-v2, for the sets that compare by meaning (eval/embedding-server.py)

Data is looked for in GATEHOUSE_EVAL_DATA (default: shared/data beside the project). A set whose data is missing is skipped, and named.
`;

process.exitCode = await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<number> {
  const options = {
    only: { type: 'string' },
    save: { type: 'boolean' },
    list: { type: 'boolean' },
    embedder: { type: 'string' },
    help: { type: 'boolean' },
  } as const;
  const { values } = parseArgs({ args: [...args], options });
  if (values.help === true) return print(USAGE);
  if (values.list === true) return print(EVAL_SETS.map(({ name, about }) => `${name.padEnd(20)} ${about}\n`).join(''));

  const sets = chosen(values.only);
  const report = await measure(sets, new EvalData(process.env.GATEHOUSE_EVAL_DATA, values.embedder));
  print(markdown(report));
  if (values.save === true) print(`Written to eval/results/${saved(report, values.only)}\n`);
  // Nothing measured is nothing shown.
  return report.rows.length === 0 || report.rows.some(({ verdict }) => verdict === 'missed') ? 1 : 0;
}

function chosen(only: string | undefined): readonly EvalSet[] {
  if (only === undefined) return EVAL_SETS;
  return only.split(',').map((name) => {
    const found = EVAL_SETS.find((set) => set.name === name);
    if (found === undefined) throw new Error(`no set is named ${name}: ${EVAL_SETS.map((set) => set.name).join(', ')}`);
    return found;
  });
}

async function measure(sets: readonly EvalSet[], data: EvalData): Promise<Report> {
  const startMs = performance.now();
  const rows: Row[] = [];
  const skipped: string[] = [];
  for (const set of sets) {
    const missing = await missingOf(set, data);
    if (set.needsEmbedder === true && data.embedder === undefined) skipped.push(`${set.name}: no --embedder`);
    else if (missing.length > 0) skipped.push(`${set.name}: no ${missing.join(', no ')} in ${data.folder}`);
    else for (const figure of await set.run(data)) rows.push(rowOf(set, figure));
  }
  return { rows, skipped, seconds: (performance.now() - startMs) / 1_000 };
}

async function missingOf(set: EvalSet, data: EvalData): Promise<string[]> {
  const found = await Promise.all(set.files.map(async (pattern) => ({ pattern, paths: await data.filesOf(pattern) })));
  return found.filter(({ paths }) => paths.length === 0).map(({ pattern }) => pattern);
}

/** Writes the report, and returns the name of its file: a part of the sets, or a tree that is in no commit, is told by it. */
function saved(report: Report, only: string | undefined): string {
  const date = new Date().toISOString();
  const commit = output(['git', 'rev-parse', '--short', 'HEAD']) || 'unknown';
  const isDirty = output(['git', 'status', '--porcelain', '--', ':!eval/results']) !== '';
  const marks = [...(isDirty ? ['dirty'] : []), ...(only === undefined ? [] : only.split(','))];
  const name = `${[date.slice(0, 10), commit, ...marks].join('-')}.md`;
  const folder = new URL('results/', import.meta.url).pathname;
  mkdirSync(folder, { recursive: true });
  const title = `# Evaluation of ${date.slice(0, 16).replace('T', ' ')} UTC`;
  // The folder of the data is this machine's own business.
  const skipped = report.skipped.map((line) => line.replace(/ in [^ ]+$/, ''));
  writeFileSync(
    `${folder}${name}`,
    `${title}\n\nCommit ${commit}${isDirty ? ', with changes that are in no commit' : ''}.\n\n${markdown({ ...report, skipped })}`,
  );
  return name;
}

/** Empty when the program is missing or fails. */
function output(command: readonly string[]): string {
  if (Bun.which(command[0] ?? '') === null) return '';
  const { stdout, exitCode } = Bun.spawnSync([...command], { cwd: import.meta.dir, stderr: 'ignore' });
  return exitCode === 0 ? new TextDecoder().decode(stdout).trim() : '';
}

function print(text: string): number {
  process.stdout.write(text);
  return 0;
}
