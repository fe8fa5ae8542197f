/** `gatehouse migrate`: everything that is stored, from SQLite to PostgreSQL or back. */

import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { GatewayError } from '../base/errors.ts';
import { systemClock } from '../base/system-clock.ts';
import { withoutCredentials } from '../config/secret.ts';
import { type MigrateReport, migrate, planMigration, type Totals } from '../stores/migrate/migrate.ts';
import { openPlace, type Place } from '../stores/migrate/place.ts';
import { isPostgres } from '../stores/postgres/open-postgres.ts';
import { sqlitePath } from '../stores/sqlite-thread.ts';
import { countLines } from './backup.ts';
import { type Command, type CommandIo, UsageError, withUsage } from './command.ts';
import { createProgress } from './progress.ts';
import { START_OPTIONS, START_OPTIONS_HELP, startOptions } from './start-options.ts';
import { loadState } from './state-options.ts';

const USAGE = `Usage: gatehouse migrate --to PLACE [--from PLACE] [options]

Moves memories, collections, documents, and what callers have at vendors. A PLACE is sqlite:FILE or postgres://USER:PASSWORD@HOST:5432/DATABASE; one
that holds a password is better given as '\${NAME}', a variable of the environment. Nothing is changed where it comes from. It may be run while
the gateway works, be interrupted, and be run again: it goes on where it was. Run it once more when no gateway writes to the old place, then set
state.records to the new one. What is there already and did not come from here is left alone.

      --from PLACE         where it is now (default: state.records)
      --to PLACE           where it is to go
      --dry-run            say what would be moved, and change nothing
      --erase-absent       erase there what was moved from here and has been erased here since
${START_OPTIONS_HELP}
Vectors are not moved: they are made anew of the records when the gateway runs on the new place.
Exit code 0: both places are the same now; 1: they are not; 2: asked for wrongly.
`;

export const migrateCommand: Command = {
  name: 'migrate',
  summary: 'Move all that is stored to another store: SQLite or PostgreSQL.',
  usage: USAGE,
  run: (args, io) => withUsage(migrateCommand, io, () => run(args, io)),
};

async function run(args: string[], io: CommandIo): Promise<number> {
  const { values } = parseArgs({
    args,
    options: {
      ...START_OPTIONS,
      from: { type: 'string' },
      to: { type: 'string' },
      'dry-run': { type: 'boolean' },
      'erase-absent': { type: 'boolean' },
    },
  });
  if (values.to === undefined) throw new UsageError('say where it is to go, with --to PLACE');
  const to = placeOf('--to', values.to, io);
  let from: string;
  if (values.from === undefined) {
    const state = await loadState(startOptions(values), io);
    if (state === undefined) return 1;
    from = placeOf('state.records', state.records, io);
  } else {
    from = placeOf('--from', values.from, io);
  }
  if (from === to) throw new UsageError('both places are the same');
  const order = { from, to, isDry: values['dry-run'] === true, eraseAbsent: values['erase-absent'] === true };
  try {
    return await move(order, io);
  } catch (error) {
    io.stderr(`It was not moved to its end: ${reasonOf(error, [from, to])}\nWhat has arrived stays: run it again to go on.\n`);
    return 1;
  }
}

/** With an absolute path, and without a reference to a variable. Throws a UsageError. */
function placeOf(option: string, given: string, { env, cwd }: CommandIo): string {
  const name = /^\$\{(\w+)\}$/.exec(given)?.[1];
  const place = name === undefined ? given : env[name];
  if (place === undefined) throw new UsageError(`${option}: the variable ${name} is not set`);
  if (isPostgres(place) && URL.canParse(place)) return place;
  if (/^sqlite:.+$/.test(place)) return `sqlite:${resolve(cwd, sqlitePath(place))}`;
  throw new UsageError(`${option}: a place is sqlite:FILE or postgres://USER:PASSWORD@HOST:5432/DATABASE`);
}

interface Order {
  readonly from: string;
  readonly to: string;
  readonly isDry: boolean;
  readonly eraseAbsent: boolean;
}

async function move({ from, to, isDry, eraseAbsent }: Order, io: CommandIo): Promise<number> {
  let fault: string | undefined;
  const deps = { clock: systemClock, random: Math.random, onFault: (message: string) => void (fault = message) };
  await using closers = new AsyncDisposableStack();
  const open = async (url: string, mayMake: boolean): Promise<Place | undefined> => {
    try {
      const place = await openPlace({ url, mayMake }, deps);
      return place === undefined ? undefined : closers.use(place);
    } catch (error) {
      throw new Error(`${withoutCredentials(url)} cannot be opened: ${fault ?? reasonOf(error, [url])}`, { cause: error });
    }
  };
  const source = await open(from, false);
  if (source === undefined) {
    io.stderr(`There is nothing at ${withoutCredentials(from)}: nothing was ever stored there.\n`);
    return 1;
  }
  const destination = await open(to, !isDry);
  try {
    if (isDry || destination === undefined) {
      const plan = await planMigration(source, destination);
      io.stdout(
        `Would be moved from ${withoutCredentials(from)} to ${withoutCredentials(to)}:\n${totalLines(plan.source)}${takenLine(plan)}`,
      );
      return plan.taken.length === 0 ? 0 : 1;
    }
    using progress = createProgress(io, 'Moving');
    const report = await migrate(source, destination, { eraseAbsent, onMoved: (done, total, what) => progress.at(done, total, what) });
    progress[Symbol.dispose]();
    return tell(report, { from, to, eraseAbsent }, io);
  } catch (error) {
    throw fault === undefined ? error : new Error(fault, { cause: error });
  }
}

function tell(report: MigrateReport, { from, to, eraseAbsent }: Omit<Order, 'isDry'>, io: CommandIo): number {
  const { source, there, absent } = report;
  io.stdout(`At ${withoutCredentials(to)} is now, of what is at ${withoutCredentials(from)}:\n`);
  io.stdout(totalLines(there, source));
  io.stdout(takenLine(report));
  if (absent.length > 0)
    io.stdout(
      eraseAbsent
        ? `Erased there, as it had been here: ${partitionsText(absent.length)}.\n`
        : `Erased here, and still there: ${partitionsText(absent.length)}. Erase them there with --erase-absent.\n`,
    );
  const isSame = (Object.keys(source) as (keyof Totals)[]).every((what) => source[what] === there[what]);
  if (isSame && (absent.length === 0 || eraseAbsent)) {
    io.stdout('Both are the same. Vectors are made anew when a gateway runs on it.\n');
    return 0;
  }
  if (!isSame)
    io.stdout('They are not the same yet: somebody wrote meanwhile, or there is something else. Run it again when no gateway writes.\n');
  return 1;
}

function totalLines({ partitions, records, documents, vendorObjects }: Totals, of?: Totals): string {
  if (of === undefined) return countLines({ 'users and collections': partitions, records, documents, 'vendor objects': vendorObjects });
  return countLines({
    [`of ${of.partitions.toLocaleString('en-US')} users and collections`]: partitions,
    [`of ${of.records.toLocaleString('en-US')} records`]: records,
    [`of ${of.documents.toLocaleString('en-US')} documents`]: documents,
    [`of ${of.vendorObjects.toLocaleString('en-US')} vendor objects`]: vendorObjects,
  });
}

function takenLine({ taken }: Pick<MigrateReport, 'taken'>): string {
  if (taken.length === 0) return '';
  const [first] = taken;
  return `Left alone, for it holds something else there: ${partitionsText(taken.length)}, such as ${JSON.stringify(first)}.\n`;
}

function partitionsText(count: number): string {
  return count === 1 ? '1 user or collection' : `${count.toLocaleString('en-US')} users or collections`;
}

/** Neither the error of a database nor that of ours shows how one logs in there. */
function reasonOf(error: unknown, urls: readonly string[]): string {
  const cause = error instanceof GatewayError && error.cause !== undefined ? error.cause : error;
  let said = cause instanceof Error ? cause.message : String(cause);
  for (const url of urls) said = said.replaceAll(url, withoutCredentials(url));
  return said;
}
