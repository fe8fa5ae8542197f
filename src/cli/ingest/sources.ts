/* What is to be handed in: the files of a folder, one file, or what addresses lead to. */

import { lstat, readdir, readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { type IgnoreRule, isIgnored, parseIgnoreFile } from './ignore-rules.ts';

export interface Source {
  /** What it is known by from one time to the next: the path below the folder that was given, or the address. */
  readonly name: string;
  /** Rejects with a SkippedSource, or with what the system says. */
  read(bytesMax: number): Promise<SourceFile>;
}

export interface SourceFile {
  readonly filename: string;
  readonly bytes: Uint8Array;
}

/** Passed over, with the reason. */
export class SkippedSource extends Error {
  override readonly name = 'SkippedSource';
}

const IGNORE_FILES = ['.gitignore', '.gatehouseignore'];
/** Never documents, whether or not somebody ignores them. */
const FOLDERS_SKIPPED: ReadonlySet<string> = new Set(['node_modules', '__pycache__']);
const DEPTH_MAX = 64;

/** The files below a folder, in the order of their names; links are not followed. */
export async function* folderSources(root: string): AsyncGenerator<Source> {
  yield* below(root, '', { rules: [], depth: 0 });
}

async function* below(root: string, folder: string, above: { rules: readonly IgnoreRule[]; depth: number }): AsyncGenerator<Source> {
  if (above.depth > DEPTH_MAX) return;
  const here = join(root, folder);
  const entries = (await readdir(here, { withFileTypes: true })).sort((a, b) => (a.name < b.name ? -1 : 1));
  const rules = [...above.rules];
  for (const name of IGNORE_FILES) {
    if (entries.some((entry) => entry.name === name && entry.isFile()))
      rules.push(...parseIgnoreFile(await readFile(join(here, name), 'utf8'), folder));
  }
  for (const entry of entries) {
    const path = `${folder}${entry.name}`;
    if (entry.name.startsWith('.') || isIgnored(path, entry.isDirectory(), rules)) continue;
    if (entry.isDirectory()) {
      if (!FOLDERS_SKIPPED.has(entry.name)) yield* below(root, `${path}/`, { rules, depth: above.depth + 1 });
    } else if (entry.isFile()) yield fileSource(join(root, path), path);
  }
}

export function fileSource(path: string, name = basename(path)): Source {
  return {
    name,
    async read(bytesMax) {
      const { size } = await stat(path);
      if (size === 0) throw new SkippedSource('it is empty');
      if (size > bytesMax) throw new SkippedSource(`it has ${size} bytes, more than ${bytesMax}`);
      const bytes = new Uint8Array(await readFile(path));
      if (isBinary(bytes)) throw new SkippedSource('it is binary');
      return { filename: basename(path), bytes };
    },
  };
}

const LOOKED_AT = 8_192;
/** PDF, and what is packed as zip (Word's documents): the gateway knows what to make of them. */
const READ_ALL_THE_SAME = ['%PDF-', 'PK\u0003\u0004'];
const WIDE_MARKS = ['\u00ff\u00fe', '\u00fe\u00ff'];

function isBinary(bytes: Uint8Array): boolean {
  const head = Buffer.from(bytes.subarray(0, LOOKED_AT)).toString('latin1');
  if ([...READ_ALL_THE_SAME, ...WIDE_MARKS].some((mark) => head.startsWith(mark))) return false;
  return head.includes('\0');
}

const LIST_BYTES_MAX = 16 * 1_048_576;

/** The addresses of a file that holds nothing else, one in a line (`#` begins a remark); undefined for any other file. */
export async function readUrlList(path: string): Promise<string[] | undefined> {
  const { size } = await lstat(path);
  if (size > LIST_BYTES_MAX) return undefined;
  const lines = (await readFile(path, 'utf8'))
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
  return lines.length > 0 && lines.every(isUrl) ? [...new Set(lines)] : undefined;
}

export function isUrl(text: string): boolean {
  return /^https?:\/\/[^\s]+$/i.test(text) && URL.canParse(text);
}
