/*
 * The log: one JSON object per line with the field names of the AI microservices gateway (timestamp, level, message,
 * correlation_id …), or lines for people on a terminal. Our own serialiser: why not pino is in docs/decisions/0004.
 */

import type { Clock } from '../base/clock.ts';
import { type AccessRecord, accessJson, accessLevel, escapeControls, type LogLevel, quoted } from './access-line.ts';
import { type PrettyStyle, prettyAccess, prettyLine } from './log-pretty.ts';
import { createLogSink, LOG_SINK_DEFAULTS, type LogOutput } from './log-sink.ts';
import type { LogFields, Logger } from './logger.ts';
import { redact, redactText } from './redaction.ts';
import type { LogConfig } from './telemetry-config.ts';
import { createTimestamps } from './timestamp.ts';

export interface Log extends Logger {
  /** Writes the line of one request. In the path of every request; nothing is allocated that the line does not need. */
  access(record: AccessRecord): void;
  /** Resolves when all lines are written, or after `timeoutMs`. To be awaited before the process ends, whatever ends it. */
  flush(timeoutMs: number): Promise<void>;
  /** Lines that were dropped because nobody read them. */
  readonly dropped: number;
}

export interface LogDeps {
  readonly output: LogOutput;
  readonly clock: Clock;
  /** Whether the output is a terminal: what `format: auto` asks, and whether `pretty` is coloured. */
  readonly terminal: boolean;
}

const SEVERITY: Readonly<Record<LogLevel, number>> = { DEBUG: 10, INFO: 20, WARN: 30, ERROR: 40 };
const THRESHOLD: Readonly<Record<LogConfig['level'], number>> = { debug: 10, info: 20, warn: 30, error: 40, silent: 100 };

export function createLog(config: LogConfig, deps: LogDeps): Log {
  const threshold = THRESHOLD[config.level];
  const pretty: PrettyStyle | undefined =
    config.format === 'json' || (config.format === 'auto' && !deps.terminal) ? undefined : { colour: deps.terminal };
  const timestamp = createTimestamps();

  const format = (level: LogLevel, message: string, fields: LogFields | undefined): string => {
    const time = timestamp(deps.clock.now());
    const safe = fields === undefined ? undefined : (redact(fields) as LogFields);
    const text = redactText(message);
    return pretty === undefined ? jsonLine({ time, level, text }, safe) : prettyLine({ time, level, text }, safe, pretty);
  };
  const sink = createLogSink(LOG_SINK_DEFAULTS, {
    output: deps.output,
    clock: deps.clock,
    droppedLine: (count) => format('WARN', 'Log lines were dropped: nobody read the output', { lines: count }),
  });
  const write = (level: LogLevel, message: string, fields: LogFields | undefined): void => {
    if (SEVERITY[level] < threshold) return;
    sink.push(format(level, message, fields));
    // What may be the last words does not wait for company.
    if (level === 'ERROR') sink.kick();
  };

  return {
    debug: (message, fields) => write('DEBUG', message, fields),
    info: (message, fields) => write('INFO', message, fields),
    warn: (message, fields) => write('WARN', message, fields),
    error: (message, fields) => write('ERROR', message, fields),
    access(record) {
      if (!config.access || SEVERITY[accessLevel(record.status, record.outcome)] < threshold) return;
      const time = timestamp(record.nowMs);
      sink.push(pretty === undefined ? accessJson(record, time) : prettyAccess(record, time, pretty));
    },
    flush: (timeoutMs) => sink.flush(timeoutMs),
    get dropped() {
      return sink.dropped;
    },
  };
}

interface Head {
  readonly time: string;
  readonly level: LogLevel;
  readonly text: string;
}

const RESERVED = new Set(['timestamp', 'level', 'message']);

function jsonLine(head: Head, fields: LogFields | undefined): string {
  let line = `{"timestamp":"${head.time}","level":"${head.level}","message":${quoted(head.text)}`;
  for (const [name, value] of Object.entries(fields ?? {})) {
    const json = JSON.stringify(value);
    if (json === undefined) continue;
    // A second `message` would make the line mean different things to different readers.
    line += `,${quoted(RESERVED.has(name) ? `${name}_` : name)}:${escapeControls(json)}`;
  }
  return `${line}}\n`;
}
