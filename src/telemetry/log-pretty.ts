/** Log lines for people: time, level, message, then what else is known as `name=value`. One line each, whatever is in them. */

import { type AccessRecord, accessLevel, escapeControls, type LogLevel } from './access-line.ts';
import type { LogFields } from './logger.ts';
import { redactText } from './redaction.ts';

export interface PrettyStyle {
  readonly colour: boolean;
}

const LEVEL_COLOUR: Readonly<Record<LogLevel, string>> = {
  DEBUG: '\u001b[2m',
  INFO: '\u001b[32m',
  WARN: '\u001b[33m',
  ERROR: '\u001b[31m',
};
const DIM = '\u001b[2m';
const PLAIN = '\u001b[0m';

interface Head {
  readonly time: string;
  readonly level: LogLevel;
  readonly text: string;
}

export function prettyLine(head: Head, fields: LogFields | undefined, style: PrettyStyle): string {
  const details = Object.entries(fields ?? {})
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${plain(name)}=${typeof value === 'string' ? plain(value) : escapeControls(JSON.stringify(value))}`);
  return assemble({ ...head, text: plain(head.text) }, details, style);
}

export function prettyAccess(record: AccessRecord, time: string, style: PrettyStyle): string {
  const details = [
    `correlation_id=${plain(record.correlationId)}`,
    optional('principal', record.principal),
    optional('target', record.target),
    optional('attempts', record.attempts),
    optional('cache', record.cache),
    optional('input_tokens', record.inputTokens),
    optional('output_tokens', record.outputTokens),
    optional('cost_usd', record.costUsd),
    record.outcome === 'complete' ? '' : `outcome=${record.outcome}`,
    optional('error', record.error),
  ];
  const text = `${plain(record.method)} ${plain(redactText(record.path))} ${record.status} ${record.durationMs.toFixed(1)}ms`;
  const head = { time, level: accessLevel(record.status, record.outcome), text };
  return assemble(
    head,
    details.filter((detail) => detail !== ''),
    style,
  );
}

function assemble(head: Head, details: readonly string[], style: PrettyStyle): string {
  const time = head.time.slice(11, 23);
  const level = head.level.padEnd(5);
  const tail = details.length === 0 ? '' : ` ${details.join(' ')}`;
  if (!style.colour) return `${time} ${level} ${head.text}${tail}\n`;
  return `${DIM}${time}${PLAIN} ${LEVEL_COLOUR[head.level]}${level}${PLAIN} ${head.text}${DIM}${tail}${PLAIN}\n`;
}

function optional(name: string, value: string | number | undefined): string {
  return value === undefined ? '' : `${name}=${typeof value === 'string' ? plain(value) : value}`;
}

// A terminal obeys control characters: text that came from outside must not hold any.
// oxlint-disable-next-line no-control-regex
const CONTROLS = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g;

function plain(text: string): string {
  return text.replaceAll(CONTROLS, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
