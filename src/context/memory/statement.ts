/* What rules or a model find in a turn: a fact before it has its place among the others. */

import type { Memory, MemoryKind } from './memory.ts';
import { cleanText, hashOf, idFrom } from './memory-text.ts';

export interface Statement {
  readonly kind: Exclude<MemoryKind, 'turn'>;
  /** In the words in which it was said, as far as may be. */
  readonly text: string;
  readonly attribute?: string;
  readonly value?: string;
  /** As in a memory. */
  readonly ends?: readonly string[];
  /** When what it tells of happens; undefined: when it was said. */
  readonly eventMs?: number;
  /** Later than it was said, for what is to come: "from Monday on I work at …". */
  readonly fromMs?: number;
  /** 0 to 1. */
  readonly importance: number;
}

/** The memory of a statement that was made in a turn. */
export function memoryOf(statement: Statement, turn: Memory, nowMs: number): Memory {
  const text = cleanText(statement.text);
  const hash = hashOf(text);
  const { attribute, value, ends, importance, kind } = statement;
  return {
    id: idFrom('fact', kind, hash, attribute ?? '', turn.speaker ?? '', turn.agent ?? '', turn.run ?? ''),
    kind,
    text,
    role: turn.role,
    ...(turn.speaker === undefined ? {} : { speaker: turn.speaker }),
    ...(turn.agent === undefined ? {} : { agent: turn.agent }),
    ...(turn.run === undefined ? {} : { run: turn.run }),
    session: turn.session,
    turn: turn.turn,
    createdMs: nowMs,
    updatedMs: nowMs,
    eventMs: statement.eventMs ?? turn.eventMs,
    validFromMs: Math.max(statement.fromMs ?? turn.eventMs, turn.eventMs),
    supersedes: [],
    ...(attribute === undefined ? {} : { attribute }),
    ...(value === undefined ? {} : { value }),
    ...(ends === undefined || ends.length === 0 ? {} : { ends }),
    importance,
    touchesMs: [],
    hash,
    sources: [turn.id],
    ...(turn.expiresMs === undefined ? {} : { expiresMs: turn.expiresMs }),
    metadata: turn.metadata,
    ...(turn.immutable === true ? { immutable: true } : {}),
  };
}
