/* The command line of the bench. */
import { parseArgs } from 'node:util';

export interface BenchOptions {
  /** Names of scenarios; empty for all. */
  readonly only: readonly string[];
  readonly rounds: number;
  readonly roundMs: number;
  readonly warmUpMs: number;
  readonly quick: boolean;
  readonly json: boolean;
  readonly subject: string;
}

export const USAGE = `npm run bench -- [options]
  --only chat,stream   these scenarios alone
  --seconds N          length of a round (default 4; 1.5 with --quick)
  --rounds N           paired rounds (default 5; 3 with --quick)
  --quick              short rounds and fewer streams: to see that it works, not to quote
  --json               print the result as JSON
  --subject NAME       measure a stand-in for the gateway: bare-bun-proxy, nginx, portkey
  --help
`;

/** Throws with what to change when an option is unknown or out of range. */
export function parseOptions(words: readonly string[]): BenchOptions | 'help' {
  const { values } = parseArgs({
    args: [...words],
    options: {
      only: { type: 'string', default: '' },
      seconds: { type: 'string' },
      rounds: { type: 'string' },
      quick: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      subject: { type: 'string', default: 'gatehouse' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return 'help';
  const { quick, json, subject } = values;
  const seconds = within('--seconds', values.seconds ?? (quick ? '1.5' : '4'), { least: 0.5, most: 120 });
  return {
    only: values.only.split(',').filter((name) => name !== ''),
    rounds: Math.round(within('--rounds', values.rounds ?? (quick ? '3' : '5'), { least: 1, most: 50 })),
    roundMs: seconds * 1_000,
    warmUpMs: quick ? 1_000 : 3_000,
    quick,
    json,
    subject,
  };
}

function within(name: string, text: string, { least, most }: { least: number; most: number }): number {
  const value = Number(text);
  if (!(value >= least && value <= most)) throw new Error(`${name} must be a number from ${least} to ${most}`);
  return value;
}
