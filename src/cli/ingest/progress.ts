/* How it goes on: a bar on a terminal, which is drawn over; a line for each document elsewhere. */

export const OUTCOMES = ['indexed', 'unchanged', 'skipped', 'failed'] as const;
export type Outcome = (typeof OUTCOMES)[number];

export interface Progress {
  /** How many there are, as far as is known. */
  total(count: number): void;
  done(name: string, outcome: Outcome, note?: string): void;
  end(): void;
}

const BAR = 24;
const NAME_MAX = 40;

export function createProgress(isTerminal: boolean, write: (text: string) => void): Progress {
  return isTerminal ? createBar(write) : createLines(write);
}

function createLines(write: (text: string) => void): Progress {
  return {
    total: () => undefined,
    done: (name, outcome, note) => write(`${outcome.padEnd(9)} ${shown(name)}${note === undefined ? '' : `  (${shown(note)})`}\n`),
    end: () => undefined,
  };
}

function createBar(write: (text: string) => void): Progress {
  let all = 0;
  let count = 0;
  return {
    total: (total) => void (all = total),
    done(name, outcome, note) {
      count += 1;
      // What went wrong stays to be read.
      if (outcome === 'failed') write(`\r\u001b[Kfailed    ${shown(name)}${note === undefined ? '' : `  (${shown(note)})`}\n`);
      const filled = all === 0 ? 0 : Math.round((BAR * Math.min(count, all)) / all);
      const name40 = shown(name).slice(-NAME_MAX);
      write(`\r\u001b[K[${'█'.repeat(filled)}${'░'.repeat(BAR - filled)}] ${count}/${all}  ${name40}`);
    },
    end: () => write('\r\u001b[K'),
  };
}

/** Names of files may hold what a terminal obeys. */
function shown(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '�');
}
