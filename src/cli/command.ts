/*
 * The commands of `gatehouse`, and which of them was meant. Each is loaded when it is run and not before: `start` must not wait for
 * what only `generate` needs.
 */

import packageJson from '../../package.json' with { type: 'json' };
import { nearest } from '../config/suggestion.ts';

export interface CommandIo {
  stdout(text: string): void;
  stderr(text: string): void;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Absolute. */
  readonly cwd: string;
}

export interface Command {
  readonly name: string;
  /** One line for the list of commands. */
  readonly summary: string;
  /** What `--help` prints, with a newline at its end. */
  readonly usage: string;
  /** Resolves with the exit code: 0 well, 1 what was asked for failed, 2 it was asked for wrongly. */
  run(args: string[], io: CommandIo): Promise<number>;
}

interface Entry {
  readonly name: string;
  readonly summary: string;
  load(): Promise<Command>;
}

/** In the order of the help. */
const COMMANDS: readonly Entry[] = [
  { name: 'start', summary: 'Start the gateway.', load: async () => (await import('./start.ts')).startCommand },
  {
    name: 'check',
    summary: 'Check a configuration; says file, line and column of what is wrong.',
    load: async () => (await import('./check.ts')).checkCommand,
  },
  {
    name: 'explain',
    summary: 'Show every setting in force, and where it came from.',
    load: async () => (await import('./explain.ts')).explainCommand,
  },
  {
    name: 'doctor',
    summary: 'Examine configuration, machine and everything it leans on.',
    load: async () => (await import('./doctor.ts')).doctorCommand,
  },
  {
    name: 'providers',
    summary: 'List the kinds of providers: what each speaks and does, and which variable holds its key.',
    load: async () => (await import('./providers.ts')).providersCommand,
  },
  {
    name: 'connect',
    summary: 'Print the settings with which a client or coding agent uses this gateway.',
    load: async () => (await import('./connect.ts')).connectCommand,
  },
  {
    name: 'models',
    summary: 'Show what is known of models: windows, prices, capabilities.',
    load: async () => (await import('./models.ts')).modelsCommand,
  },
  {
    name: 'ingest',
    summary: 'Hand documents in: folders, files, web addresses.',
    load: async () => (await import('./ingest.ts')).ingestCommand,
  },
  {
    name: 'openapi',
    summary: 'Print the API as an OpenAPI document.',
    load: async () => (await import('./openapi.ts')).openApiCommand,
  },
  {
    name: 'demo',
    summary: 'Show what the gateway does, step by step, with everything behind it simulated.',
    load: async () => (await import('./demo.ts')).demoCommand,
  },
  {
    name: 'simulate',
    summary: 'Start a simulated LLM server and AI services, with failures on demand.',
    load: async () => (await import('./simulate.ts')).simulateCommand,
  },
  {
    name: 'backup',
    summary: 'Copy all that is stored into one file, while the gateway runs.',
    load: async () => (await import('./backup.ts')).backupCommand,
  },
  {
    name: 'restore',
    summary: 'Put a backup in the place of the database.',
    load: async () => (await import('./restore.ts')).restoreCommand,
  },
  {
    name: 'migrate',
    summary: 'Move all that is stored to another store: SQLite or PostgreSQL.',
    load: async () => (await import('./migrate.ts')).migrateCommand,
  },
  {
    name: 'generate',
    summary: 'Write the files that are made of the code: schema, example, reference.',
    load: async () => (await import('./generate.ts')).generateCommand,
  },
];

/** Runs what the command line asks for; resolves with the exit code. */
export async function runCommandLine(args: readonly string[], io: CommandIo): Promise<number> {
  const [first, ...rest] = args;
  if (first === '--version' || first === '-v') {
    io.stdout(`${packageJson.version}\n`);
    return 0;
  }
  if (first === undefined || first === '--help' || first === '-h' || first === 'help') return help(rest[0], io);

  const entry = COMMANDS.find(({ name }) => name === first);
  if (entry === undefined) return unknownCommand(first, io);
  const command = await entry.load();
  if (rest.includes('--help') || rest.includes('-h')) {
    io.stdout(command.usage);
    return 0;
  }
  return command.run(rest, io);
}

async function help(name: string | undefined, io: CommandIo): Promise<number> {
  if (name === undefined) {
    io.stdout(overview());
    return 0;
  }
  const entry = COMMANDS.find((candidate) => candidate.name === name);
  if (entry === undefined) return unknownCommand(name, io);
  io.stdout((await entry.load()).usage);
  return 0;
}

function overview(): string {
  const width = Math.max(...COMMANDS.map(({ name }) => name.length));
  const lines = COMMANDS.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`);
  return `Usage: gatehouse COMMAND [options]\n\n${lines.join('\n')}\n\n  gatehouse COMMAND --help    what a command takes\n  gatehouse --version\n`;
}

function unknownCommand(given: string, io: CommandIo): number {
  const near = nearest(
    given,
    COMMANDS.map(({ name }) => name),
  );
  io.stderr(`gatehouse: there is no command '${given}'${near === undefined ? '' : ` (did you mean '${near}'?)`}\nSee: gatehouse --help\n`);
  return 2;
}

/** Runs `use`, and turns what `parseArgs` says of a bad command line into exit code 2. Anything else passes. */
export async function withUsage(command: Pick<Command, 'name'>, io: CommandIo, use: () => Promise<number>): Promise<number> {
  try {
    return await use();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (!(error instanceof UsageError) && code?.startsWith('ERR_PARSE_ARGS') !== true) throw error;
    io.stderr(`${(error as Error).message}\nSee: gatehouse ${command.name} --help\n`);
    return 2;
  }
}

/** The command line asks for something that is not there; the message says what. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
