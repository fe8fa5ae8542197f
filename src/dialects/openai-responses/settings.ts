/* What of a request has the same words in the response that repeats it: the format of the text, and how hard to think. */

import type { ChatRequest, OutputFormat, ReasoningWish } from '../../operations/chat.ts';
import { effortOfBudget } from '../dialect-effort.ts';
import { isRecord } from '../dialect-errors.ts';
import { invalid } from '../dialect-request.ts';
import { textOf, type Unread } from './unread.ts';

/** The API wants a name for every schema. */
const NO_NAME = 'response';
const EFFORTS = ['minimal', 'low', 'medium', 'high', 'xhigh', 'max'] as const;
const REASONING_FIELDS: ReadonlySet<string> = new Set(['effort', 'summary', 'generate_summary']);
const TEXT_FIELDS: ReadonlySet<string> = new Set(['format', 'verbosity']);

type Effort = (typeof EFFORTS)[number];

export function readReasoning(value: unknown, unread: Unread): ReasoningWish | undefined {
  if (!isRecord(value)) return undefined;
  unread.note(value, REASONING_FIELDS, 'reasoning.');
  const effort = EFFORTS.find((known) => known === value['effort']);
  const shown = textOf(value['summary'] ?? value['generate_summary']);
  const wish: ReasoningWish = {
    ...(value['effort'] === 'none' ? { enabled: false } : {}),
    ...(effort === undefined ? {} : { effort }),
    ...(shown === undefined ? {} : { shown }),
  };
  return Object.keys(wish).length === 0 ? undefined : wish;
}

/** A switch alone is told by the middle of the efforts, a budget by the one that comes closest. */
export function writeReasoning({
  enabled,
  effort,
  budget,
  dynamic,
  shown,
}: ReasoningWish): { effort?: Effort | 'none'; summary?: string } | undefined {
  const chosen = effort ?? (budget === undefined ? undefined : effortOfBudget(budget));
  const told = enabled === false ? 'none' : (chosen ?? (enabled === true && dynamic === undefined ? 'medium' : undefined));
  const summary = shown === true ? 'auto' : shown === false ? undefined : shown;
  if (told === undefined && summary === undefined) return undefined;
  return { ...(told === undefined ? {} : { effort: told }), ...(summary === undefined ? {} : { summary }) };
}

export function readText(value: unknown, unread: Unread): Pick<ChatRequest, 'output' | 'verbosity'> {
  if (!isRecord(value)) return {};
  unread.note(value, TEXT_FIELDS, 'text.');
  const { verbosity } = value;
  const output = readFormat(value['format']);
  return {
    ...(verbosity === 'low' || verbosity === 'medium' || verbosity === 'high' ? { verbosity } : {}),
    ...(output === undefined ? {} : { output }),
  };
}

function readFormat(format: unknown): OutputFormat | undefined {
  if (!isRecord(format) || format['type'] === 'text') return undefined;
  if (format['type'] === 'json_object') return { kind: 'json' };
  const { type, schema, name, description, strict } = format;
  if (type !== 'json_schema' || !isRecord(schema))
    throw invalid('text.format', "'text.format' must be 'text', 'json_object', or 'json_schema' with a schema");
  return {
    kind: 'schema',
    schema,
    ...(typeof name === 'string' && name !== NO_NAME ? { name } : {}),
    ...(typeof description === 'string' ? { description } : {}),
    ...(typeof strict === 'boolean' ? { strict } : {}),
  };
}

export function writeText({ output, verbosity }: Pick<ChatRequest, 'output' | 'verbosity'>): Record<string, unknown> {
  return { ...(output === undefined ? {} : { format: writeFormat(output) }), ...(verbosity === undefined ? {} : { verbosity }) };
}

function writeFormat(output: OutputFormat): unknown {
  if (output.kind === 'json') return { type: 'json_object' };
  const { schema, name, description, strict } = output;
  return {
    type: 'json_schema',
    name: name ?? NO_NAME,
    ...(description === undefined ? {} : { description }),
    schema,
    ...(strict === undefined ? {} : { strict }),
  };
}
