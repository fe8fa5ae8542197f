/** `gatehouse restore`: a backup takes the place of the SQLite file. */

import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { systemClock } from '../base/system-clock.ts';
import { BackupError } from '../stores/backup/backup-file.ts';
import { KNOWN_COMPONENTS } from '../stores/backup/known-components.ts';
import { restore } from '../stores/backup/restore.ts';
import { countLines } from './backup.ts';
import { type Command, type CommandIo, UsageError, withUsage } from './command.ts';
import { createProgress, sizeText } from './progress.ts';
import { START_OPTIONS, START_OPTIONS_HELP, startOptions } from './start-options.ts';
import { databasePath, loadState } from './state-options.ts';

const USAGE = `Usage: gatehouse restore FILE [options]

Puts a backup in the place of the database (state.records). The backup is checked first; what was there is kept beside it, under a name that ends in
.before-restore and the time. Nothing is done while a gateway has the database open.

      --to sqlite:FILE     where it is to go instead
${START_OPTIONS_HELP}
Exit code 0: it is there; 1: it is not, and nothing was changed; 2: asked for wrongly.
`;

export const restoreCommand: Command = {
  name: 'restore',
  summary: 'Put a backup in the place of the database.',
  usage: USAGE,
  run: (args, io) => withUsage(restoreCommand, io, () => run(args, io)),
};

async function run(args: string[], io: CommandIo): Promise<number> {
  const { values, positionals } = parseArgs({ args, options: { ...START_OPTIONS, to: { type: 'string' } }, allowPositionals: true });
  const [file, ...others] = positionals;
  if (file === undefined || others.length > 0) throw new UsageError('name the one FILE that is to be restored');
  if (values.to !== undefined && !/^sqlite:.+$/.test(values.to)) throw new UsageError(`--to ${values.to}: write --to sqlite:FILE`);
  const state = await loadState(startOptions(values), io);
  if (state === undefined) return 1;
  const to = databasePath(values.to ?? state.records, io);
  if (to === undefined) {
    io.stderr('state.records names no SQLite file that a backup could be put in the place of: name one with --to sqlite:FILE\n');
    return 1;
  }
  const vectorsAreElsewhere = state.vectors !== 'embedded';
  try {
    using progress = createProgress(io, 'Restoring');
    const { manifest, aside } = await restore(
      { from: resolve(io.cwd, file), to, components: KNOWN_COMPONENTS, vectorsAreElsewhere },
      { clock: systemClock, onProgress: (done, total) => progress.at(done, total, sizeText(done)) },
    );
    progress[Symbol.dispose]();
    io.stdout(`${to}: as it was at ${manifest.created}\n${countLines(manifest.counts)}`);
    if (aside !== undefined) io.stdout(`What was there before is kept as ${aside}\n`);
    if (vectorsAreElsewhere) io.stdout('Vectors are kept elsewhere: they are made anew when the gateway runs.\n');
    return 0;
  } catch (error) {
    if (!(error instanceof BackupError)) throw error;
    io.stderr(`Nothing was restored: ${error.message}\n`);
    return 1;
  }
}
