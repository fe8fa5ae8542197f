/** `gatehouse backup`: a consistent copy of all that is kept in the SQLite file, while the gateway runs. */

import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import packageJson from '../../package.json' with { type: 'json' };
import { systemClock } from '../base/system-clock.ts';
import { backup } from '../stores/backup/backup.ts';
import { BackupError } from '../stores/backup/backup-file.ts';
import { isPostgres } from '../stores/postgres/open-postgres.ts';
import { type Command, type CommandIo, UsageError, withUsage } from './command.ts';
import { createProgress, sizeText } from './progress.ts';
import { START_OPTIONS, START_OPTIONS_HELP, startOptions } from './start-options.ts';
import { databasePath, loadState } from './state-options.ts';

const USAGE = `Usage: gatehouse backup FILE [options]

Writes memories, documents, collections, and what callers have at vendors, as they are at this moment, into one file. The gateway may run and
write meanwhile. The file is for its owner alone, says what is in it, and can be opened by SQLite. 'gatehouse restore' puts it back.

      --force              replace FILE if it is there
${START_OPTIONS_HELP}
Records in a PostgreSQL are backed up by its own tools: pg_dump --schema=gatehouse.
Exit code 0: it is made; 1: it is not, and nothing was changed; 2: asked for wrongly.
`;

export const backupCommand: Command = {
  name: 'backup',
  summary: 'Copy all that is stored into one file, while the gateway runs.',
  usage: USAGE,
  run: (args, io) => withUsage(backupCommand, io, () => run(args, io)),
};

async function run(args: string[], io: CommandIo): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    options: { ...START_OPTIONS, force: { type: 'boolean' } },
    allowPositionals: true,
  });
  const [file, ...others] = positionals;
  if (file === undefined || others.length > 0) throw new UsageError('name one FILE that the backup is written to');
  const state = await loadState(startOptions(values), io);
  if (state === undefined) return 1;
  const from = databasePath(state.records, io);
  if (from === undefined) {
    io.stderr(
      isPostgres(state.records)
        ? 'Records are kept in PostgreSQL: back them up there, with pg_dump --schema=gatehouse.\n'
        : 'Records are kept in the memory of the gateway alone (state.records: memory): there is nothing to back up.\n',
    );
    return 1;
  }
  const to = resolve(io.cwd, file);
  const startMs = systemClock.monotonic();
  try {
    using progress = createProgress(io, 'Copying');
    const { bytes, counts } = await backup(
      { from, to, force: values.force === true, version: packageJson.version },
      { clock: systemClock, onProgress: (done, total) => progress.at(done, total, sizeText(done)) },
    );
    const seconds = ((systemClock.monotonic() - startMs) / 1_000).toFixed(1);
    progress[Symbol.dispose]();
    io.stdout(`${to}: ${sizeText(bytes)} in ${seconds} s\n${countLines(counts)}`);
    return 0;
  } catch (error) {
    if (!(error instanceof BackupError)) throw error;
    io.stderr(`No backup was made: ${error.message}\n`);
    return 1;
  }
}

/** `  12 records`, a line each. */
export function countLines(counts: Readonly<Record<string, number>>): string {
  const width = Math.max(...Object.values(counts).map((count) => count.toLocaleString('en-US').length));
  return Object.entries(counts)
    .map(([what, count]) => `  ${count.toLocaleString('en-US').padStart(width)} ${what}\n`)
    .join('');
}
