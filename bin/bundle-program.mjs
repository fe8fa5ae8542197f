/*
 * Makes the bundle (bundle.mjs says what for). Runs under Bun.
 *
 *   bun bin/bundle-program.mjs            now, unless there is one, and says so
 *   bun bin/bundle-program.mjs --later    in some seconds, with the lowest priority, and without a word
 */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { constants, setPriority } from 'node:os';
import { dirname, join, sep } from 'node:path';
import { pathToFileURL } from 'node:url';
import { environmentFiles, freshBundle, MANIFEST, stampOf } from './bundle.mjs';
import { root } from './runtime.mjs';

/** So long a gateway needs at most to be up, on a small machine. */
const LATER_MS = 5_000;
const FOLDER_PREFIX = 'bundle-';

async function main(isLater) {
  if (isLater) {
    setPriority(constants.priority.PRIORITY_LOW);
    await Bun.sleep(LATER_MS);
    // The project may be gone meanwhile.
    if (!existsSync(join(root, 'package.json'))) return;
  }
  if (freshBundle(process.execPath) !== undefined) return;
  const cache = dirname(MANIFEST);
  mkdirSync(cache, { recursive: true });
  const folder = mkdtempSync(join(cache, FOLDER_PREFIX));
  try {
    await make(folder);
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
  // What an earlier one left; a process that runs from it has read all of it.
  for (const name of readdirSync(cache)) {
    if (name.startsWith(FOLDER_PREFIX) && join(cache, name) !== folder) rmSync(join(cache, name), { recursive: true, force: true });
  }
  if (!isLater) process.stdout.write(`made ${folder}\n`);
}

async function make(folder) {
  // Stamped before it is read: what changes in between makes the bundle stale, not wrong.
  const stamps = environmentFiles(process.execPath).map(stampOf);
  await Bun.build({
    entrypoints: [join(root, 'src/main.ts')],
    outdir: folder,
    target: 'bun',
    format: 'cjs',
    bytecode: true,
    minify: { whitespace: true, syntax: true },
    sourcemap: 'linked',
    plugins: [{ name: 'places', setup: (builder) => keepPlaces(builder, stamps) }],
  });
  const program = join(folder, 'main.js');
  const manifest = { program, stamps: [stampOf(program), ...stamps] };
  const written = join(folder, 'bundle.json');
  writeFileSync(written, JSON.stringify(manifest));
  renameSync(written, MANIFEST);
}

/** Files that are read and threads that are started lie beside the sources: what names them goes on to mean the source's own place. */
function keepPlaces(builder, stamps) {
  const sources = join(root, 'src') + sep;
  builder.onLoad({ filter: /\.ts$/ }, async ({ path }) => {
    if (!path.startsWith(sources)) return undefined;
    stamps.push(stampOf(path));
    const text = await Bun.file(path).text();
    const contents = text
      .replace(/\bimport\.meta\.url\b/g, JSON.stringify(pathToFileURL(path).href))
      .replace(/\bimport\.meta\.dir(name)?\b/g, JSON.stringify(dirname(path)));
    return { contents, loader: 'ts' };
  });
}

await main(process.argv.includes('--later'));
