/** `gatehouse demo`: the gateway with everything behind it simulated, shown step by step. Doubles as a smoke test. */

import { createInterface } from 'node:readline';
import { isatty } from 'node:tty';
import { parseArgs } from 'node:util';
import { raceAbort } from '../base/abort.ts';
import { systemClock } from '../base/system-clock.ts';
import { type Command, type CommandIo, UsageError, withUsage } from './command.ts';
import { PARTS } from './demo/parts.ts';
import { openStage, type Stage } from './demo/stage.ts';
import type { Part } from './demo/step.ts';
import { createTerminal } from './demo/terminal.ts';
import { type Transcript, transcript } from './demo/transcript.ts';
import { type Audience, type PartResult, walk } from './demo/walk.ts';

const PART_HELP = PARTS.map(({ id, title }) => `  ${id.padEnd(18)}${title}`).join('\n');

const USAGE = `Usage: gatehouse demo [options]

Starts simulated models and AI services and the gateway before them, on free ports of this machine, and walks through what the gateway can
do: what is sent (as a curl line that works meanwhile), what comes back, and what that shows. Ends everything when it ends.

  -y, --yes          do not wait for Enter between the steps; so it is without a terminal
      --only PART    this part alone; can be given several times, or as a,b
      --list         list the parts, and do nothing
      --json         write one JSON document with all that was sent and came back, in place of the words
      --stay         keep everything running after the last step, until Ctrl-C

Exit code 0: every step did what it says. 1: one did not. 130: ended by Ctrl-C.

${PART_HELP}
`;

export const demoCommand: Command = {
  name: 'demo',
  summary: 'Show what the gateway does, step by step, with everything behind it simulated.',
  usage: USAGE,
  run: (args, io) => withUsage(demoCommand, io, () => demo(args, io)),
};

interface Options {
  readonly parts: readonly Part[];
  readonly interactive: boolean;
  readonly json: boolean;
  readonly stay: boolean;
}

async function demo(args: string[], io: CommandIo): Promise<number> {
  const { values } = parseArgs({
    args,
    options: {
      yes: { type: 'boolean', short: 'y', default: false },
      only: { type: 'string', multiple: true },
      list: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      stay: { type: 'boolean', default: false },
    },
  });
  const parts = chosen(values.only);
  if (values.list) {
    io.stdout(`${PART_HELP}\n`);
    return 0;
  }
  const interactive = !values.yes && !values.json && isatty(0) && isatty(1);
  return run({ parts, interactive, json: values.json, stay: values.stay }, io);
}

function chosen(only: readonly string[] | undefined): readonly Part[] {
  const wanted = (only ?? []).flatMap((list) => list.split(',')).filter((id) => id !== '');
  const unknown = wanted.find((id) => !PARTS.some((part) => part.id === id));
  if (unknown !== undefined) throw new UsageError(`--only ${unknown}: there is no such part; --list lists them`);
  return wanted.length === 0 ? PARTS : PARTS.filter(({ id }) => wanted.includes(id));
}

const INTERRUPTED = 130;

/** Whatever ends it, everything that was started is stopped. */
async function run(options: Options, io: CommandIo): Promise<number> {
  const stopping = new AbortController();
  const stop = (): void => {
    stopping.abort(new Error('the demo was ended'));
    // A second one does not wait for anything.
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(INTERRUPTED));
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, stop);
  try {
    await using stage = await openStage({ clock: systemClock, signal: stopping.signal, environment: io.env });
    return await show(stage, options, { io, signal: stopping.signal });
  } catch (error) {
    if (!stopping.signal.aborted) throw error;
    io.stderr('\nEnded early; everything that was started is stopped.\n');
    return INTERRUPTED;
  }
}

interface Surroundings {
  readonly io: CommandIo;
  readonly signal: AbortSignal;
}

async function show(stage: Stage, options: Options, { io, signal }: Surroundings): Promise<number> {
  const url = await stage.urlOf('gateway');
  using enter = listenForEnter(options.interactive, io, signal);
  const results = await walk(options.parts, audience(options, io, enter), { stage, clock: systemClock, signal });
  const said = transcript(url, results);
  io.stdout(options.json ? `${JSON.stringify(said, undefined, 2)}\n` : summary(said, results));
  if (options.stay) {
    io.stderr(`\nThe gateway goes on at ${url}, until Ctrl-C.\n`);
    await raceAbort(new Promise<never>(() => {}), signal).catch(() => undefined);
  }
  return said.ok ? 0 : 1;
}

function audience(options: Options, io: CommandIo, enter: Enter): Audience {
  const color = isatty(1) && (io.env['NO_COLOR'] ?? '') === '' && !options.json;
  const write = (text: string): void => (options.json ? undefined : io.stdout(text));
  const terminal = createTerminal({ color, partCount: options.parts.length }, write);
  let isFirst = true;
  return {
    begins: (part) => terminal.begins(part, options.parts.indexOf(part) + 1),
    async beforeStep() {
      if (isFirst || !options.interactive) {
        isFirst = false;
        return true;
      }
      return enter.wait();
    },
    saw: (step, result) => terminal.saw(step, result),
  };
}

function summary({ passed, failed }: Transcript, results: readonly PartResult[]): string {
  const named = (outcome: string): string[] =>
    results.flatMap(({ part, steps }) =>
      steps.filter((step) => step.outcome === outcome).map(({ title, complaints }) => `  ${part.id}: ${title}: ${complaints.join('; ')}`),
    );
  const lines = ['', `${passed} steps did what they say${failed === 0 ? '' : `, ${failed} did not`}.`, ...named('failed')];
  return `${lines.join('\n')}\n`;
}

interface Enter extends Disposable {
  /** False: enough. Rejects when the demo is ended. */
  wait(): Promise<boolean>;
}

function listenForEnter(interactive: boolean, io: CommandIo, signal: AbortSignal): Enter {
  if (!interactive) return { wait: () => Promise.resolve(true), [Symbol.dispose]: () => {} };
  // Not as a terminal: then Ctrl-C is a signal, as everywhere else in this command.
  const lines = createInterface({ input: process.stdin, terminal: false });
  let isOver = false;
  lines.once('close', () => {
    isOver = true;
  });
  return {
    async wait() {
      if (isOver) return false;
      io.stdout('\n  Enter for the next step, q to end: ');
      const line = await raceAbort(
        new Promise<string>((resolve) => {
          lines.once('line', resolve);
          lines.once('close', () => resolve('q'));
        }),
        signal,
      );
      return line.trim().toLowerCase() !== 'q';
    },
    [Symbol.dispose]() {
      lines.close();
      process.stdin.destroy();
    },
  };
}
