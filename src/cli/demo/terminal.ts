/* The walk as people see it in a terminal. */

import { shortBody } from './shorten.ts';
import type { Answer, Part, Step } from './step.ts';
import type { StepResult } from './walk.ts';

export interface TerminalConfig {
  readonly color: boolean;
  readonly partCount: number;
}

export interface Terminal {
  begins(part: Part, number: number): void;
  saw(step: Step, result: StepResult): void;
}

/** Headers that say something to whoever learns the gateway. */
const TELLING =
  /^(?:content-type|x-correlation-id|x-gatehouse-(?:provider|model|attempts|fallbacks|cache)|x-ratelimit-.*-minute|retry-after|x-should-retry|x-cache|age|www-authenticate|allow)$/;
const SHIELDS = /^(?:x-content-type-options|x-frame-options|referrer-policy|content-security-policy|permissions-policy|x-xss-protection)$/;

export function createTerminal({ color, partCount }: TerminalConfig, write: (text: string) => void): Terminal {
  const paint = (code: string, text: string): string => (color ? `\u001b[${code}m${text}\u001b[0m` : text);
  const line = (text = ''): void => write(`${text}\n`);
  const indented = (lines: readonly string[], style: (text: string) => string = (text) => text): void => {
    for (const text of lines) line(`    ${style(text)}`);
  };
  return {
    begins({ id, title, about }, number) {
      line();
      line(paint('1;36', `━━ ${number} of ${partCount}: ${title} ${paint('2', `(--only ${id})`)}`));
      line(`   ${about}`);
    },
    saw({ focus }, { title, outcome, shows, deeds, curl, answer, complaints, log }) {
      line();
      line(`  ${paint('1', title)}`);
      line();
      indented([...deeds, ...curl], (text) => paint('33', `$ ${text}`.replace(/^\$ (#| {2})/, '  $1')));
      line();
      if (answer !== undefined) {
        line(`    ${statusLine(answer, paint)}`);
        indented(headerLines(answer, title), (text) => paint('2', text));
        indented(shortBody(answer, focus));
      }
      if (log !== undefined) indented(['', 'In the log:', log.slice(0, 600)], (text) => paint('2', text));
      line();
      line(`  ${verdict({ outcome, shows, complaints }, paint)}`);
    },
  };
}

type Paint = (code: string, text: string) => string;

function statusLine({ status, durationMs, sent }: Answer, paint: Paint): string {
  const times = sent === 1 ? '' : `, the last of ${sent} requests`;
  return `${paint(status < 400 ? '1;32' : '1;31', String(status))} ${paint('2', `in ${durationMs.toFixed(1)} ms${times}`)}`;
}

function headerLines({ headers }: Answer, title: string): string[] {
  const told = /header/i.test(title) ? (name: string) => TELLING.test(name) || SHIELDS.test(name) : (name: string) => TELLING.test(name);
  return Object.entries(headers)
    .filter(([name]) => told(name))
    .map(([name, given]) => `${name}: ${given.length <= 100 ? given : `${given.slice(0, 100)}…`}`);
}

function verdict({ outcome, shows, complaints }: Pick<StepResult, 'outcome' | 'shows' | 'complaints'>, paint: Paint): string {
  switch (outcome) {
    case 'passed':
      return `${paint('32', '✓')} ${shows}`;
    case 'failed':
      return paint('31', `✗ Not as it must be: ${complaints.join('; ')}.`);
  }
}
