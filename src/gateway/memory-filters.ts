/*
 * Filters of memories, in Mem0's words: a member per field, with a value or operators; `AND`, `OR` and `NOT` around them. The user is not one
 * condition among others: it says whose memories are looked at, so it stands where it holds for all of them. What can't be
 * honoured is refused. Source: docs.mem0.ai/platform/features/v2-memory-filters, docs.mem0.ai/open-source/features/metadata-filtering.
 */

import { GatewayError } from '../base/errors.ts';
import type { ConditionField, ConditionValue, MemoryCondition } from '../context/memory/memory-condition.ts';
import { readMemoryId } from '../context/memory/memory-id.ts';
import { readTime } from '../context/memory/memory-times.ts';
import { isRecord } from '../dialects/dialect-errors.ts';

export interface ReadFilters {
  readonly user?: string;
  readonly where?: MemoryCondition;
}

const DEPTH_MAX = 8;
const CONDITIONS_MAX = 200;
const VALUES_MAX = 1_000;
const TEXT_CHARS_MAX = 10_000;
const NAME_CHARS_MAX = 256;

const FIELDS: Readonly<Record<string, ConditionField>> = {
  agent_id: 'agent',
  run_id: 'run',
  session_id: 'session',
  kind: 'kind',
  role: 'role',
  app_id: ['app_id'],
  keywords: 'text',
  memory: 'text',
  memory_ids: 'id',
  id: 'id',
};

const TIMES: Readonly<Record<string, ConditionField>> = {
  created_at: 'created',
  updated_at: 'updated',
  timestamp: 'event',
  event_at: 'event',
  expiration_date: 'expires',
};

/** What Mem0 filters by, and we do not have. */
const ABSENT: ReadonlySet<string> = new Set(['categories', 'feedback', 'immutable', 'actor_id']);

/** Throws `request_invalid` with the member at fault. `undefined` filters nothing. */
export function readFilters(filters: Readonly<Record<string, unknown>> | undefined): ReadFilters {
  if (filters === undefined) return {};
  const reading = new Reading();
  const where = reading.all(filters, { path: 'filters', depth: 0, isCommon: true });
  return { ...(reading.user === undefined ? {} : { user: reading.user }), ...(where === undefined ? {} : { where }) };
}

interface Place {
  readonly path: string;
  readonly depth: number;
  /** Whether what stands here holds for every memory that passes. */
  readonly isCommon: boolean;
}

class Reading {
  user: string | undefined;
  #left = CONDITIONS_MAX;

  /** All members of an object hold. Undefined: it says nothing. */
  all(filters: unknown, place: Place): MemoryCondition | undefined {
    if (!isRecord(filters)) throw refuse(place.path, 'must be an object');
    if (place.depth > DEPTH_MAX) throw refuse(place.path, `is nested too deep: ${DEPTH_MAX} levels at most`);
    const conditions = Object.entries(filters).flatMap(([name, value]) => {
      const condition = this.#member(name, value, { ...place, path: `${place.path}.${name.slice(0, NAME_CHARS_MAX)}` });
      return condition === undefined ? [] : [condition];
    });
    return together('and', conditions);
  }

  #member(name: string, value: unknown, place: Place): MemoryCondition | undefined {
    this.#left -= 1;
    if (this.#left < 0) throw refuse('filters', `has too many conditions: ${CONDITIONS_MAX} at most`);
    const upper = name.toUpperCase();
    if (upper === 'AND') return together('and', this.#list(value, place));
    const inside = { ...place, isCommon: false };
    if (upper === 'OR') return { type: 'or', conditions: this.#list(value, inside) };
    if (upper === 'NOT') {
      // None of them holds, however many there are.
      const conditions = this.#list(Array.isArray(value) ? value : [value], inside);
      return { type: 'not', condition: { type: 'or', conditions } };
    }
    if (name === 'user_id') return this.#userIs(value, place);
    if (ABSENT.has(name)) throw refuse(place.path, 'cannot be filtered by here: keep it in `metadata`');
    if (name === 'metadata') return this.#metadata(value, place);
    const time = TIMES[name];
    if (time !== undefined && Object.hasOwn(TIMES, name)) return this.#field(time, value, { ...place, isTime: true });
    // Any other name is a member of metadata, as the server that one runs oneself has it.
    return this.#field(Object.hasOwn(FIELDS, name) ? (FIELDS[name] ?? [name]) : [name], value, place);
  }

  #list(value: unknown, place: Place): MemoryCondition[] {
    if (!Array.isArray(value) || value.length === 0) throw refuse(place.path, 'must be an array of conditions, with at least one');
    return value.flatMap((one, index) => {
      const path = `${place.path}[${index}]`;
      const condition = this.all(one, { ...place, path, depth: place.depth + 1 });
      // The user alone is no condition, and means what it says where it may stand.
      if (condition === undefined && !place.isCommon) throw refuse(path, 'says nothing');
      return condition === undefined ? [] : [condition];
    });
  }

  #userIs(value: unknown, { path, isCommon }: Place): undefined {
    const named = isRecord(value) ? onlyUser(value) : value;
    if (!isCommon || typeof named !== 'string' || named === '*')
      throw refuse(path, 'must be one user, and hold for all that is asked for: what is remembered of users is kept apart');
    if (named === '' || named.length > NAME_CHARS_MAX) throw refuse(path, `must be a name of 1 to ${NAME_CHARS_MAX} characters`);
    if (this.user !== undefined && this.user !== named) throw refuse(path, 'names a second user: one can be asked for at a time');
    this.user = named;
    return undefined;
  }

  #metadata(value: unknown, place: Place): MemoryCondition | undefined {
    if (!isRecord(value)) throw refuse(place.path, 'must be an object');
    const conditions = Object.entries(value).flatMap(([name, wanted]) => {
      this.#left -= 1;
      const condition = this.#field([name], wanted, { ...place, path: `${place.path}.${name.slice(0, NAME_CHARS_MAX)}` });
      return condition === undefined ? [] : [condition];
    });
    return together('and', conditions);
  }

  /** A value, `*`, an array of values, or an object of operators. */
  #field(field: ConditionField, value: unknown, place: Place & { readonly isTime?: true }): MemoryCondition | undefined {
    if (Array.isArray(value)) return this.#operator(field, { name: 'in', value }, place);
    if (!isRecord(value)) return this.#operator(field, { name: 'eq', value }, place);
    const conditions = Object.entries(value).map(([name, wanted]) => {
      this.#left -= 1;
      return this.#operator(field, { name, value: wanted }, { ...place, path: `${place.path}.${name.slice(0, NAME_CHARS_MAX)}` });
    });
    if (conditions.length === 0) throw refuse(place.path, 'must be a value, or an object of operators such as {"in": [...]}');
    return together('and', conditions);
  }

  #operator(
    field: ConditionField,
    { name, value }: { readonly name: string; readonly value: unknown },
    place: Place & { readonly isTime?: true },
  ): MemoryCondition {
    if (value === '*' && name !== 'contains' && name !== 'icontains') return { type: 'exists', field };
    if (place.isTime === true) return timeCondition(field, { name, value }, place.path);
    switch (name) {
      case 'eq':
      case 'ne':
      case 'gt':
      case 'gte':
      case 'lt':
      case 'lte':
        return { type: name, field, value: operand(value, place.path) };
      case 'in':
      case 'nin': {
        if (!Array.isArray(value) || value.length > VALUES_MAX)
          throw refuse(place.path, `must be an array of at most ${VALUES_MAX} values`);
        return { type: name, field, values: value.map((one) => operand(one, place.path)) };
      }
      case 'contains':
      case 'icontains':
        if (typeof value !== 'string' || value.length > TEXT_CHARS_MAX) throw refuse(place.path, 'must be a text');
        return { type: name, field, value };
      default:
        throw refuse(place.path, 'is no operator: eq, ne, in, nin, gt, gte, lt, lte, contains, icontains, or `*` as the value');
    }
  }
}

/** `{"eq": "alice"}` and `{"in": ["alice"]}` name one user, too. */
function onlyUser(value: Readonly<Record<string, unknown>>): unknown {
  const [[name, operandValue] = [], ...more] = Object.entries(value);
  if (more.length > 0) return undefined;
  if (name === 'eq') return operandValue;
  return name === 'in' && Array.isArray(operandValue) && operandValue.length === 1 ? (operandValue as unknown[])[0] : undefined;
}

function operand(value: unknown, path: string): ConditionValue {
  const isValue = typeof value === 'boolean' || typeof value === 'number' || (typeof value === 'string' && value.length <= TEXT_CHARS_MAX);
  if (!isValue) throw refuse(path, 'must be a text, a number, true or false');
  return value;
}

/** A day is a span: `lte` includes all of it, `gt` none. */
function timeCondition(
  field: ConditionField,
  { name, value }: { readonly name: string; readonly value: unknown },
  path: string,
): MemoryCondition {
  const span = readTime(value);
  if (span === undefined) throw refuse(path, 'must be a time: RFC 3339, a day such as 2026-03-01, or seconds since 1970');
  const { fromMs, toMs } = span;
  const within: MemoryCondition = {
    type: 'and',
    conditions: [
      { type: 'gte', field, value: fromMs },
      { type: 'lte', field, value: toMs },
    ],
  };
  switch (name) {
    case 'eq':
      return within;
    case 'ne':
      return { type: 'not', condition: within };
    case 'gt':
    case 'lte':
      return { type: name, field, value: toMs };
    case 'gte':
    case 'lt':
      return { type: name, field, value: fromMs };
    default:
      throw refuse(path, 'is no operator for a time: eq, ne, gt, gte, lt, lte');
  }
}

/** The same condition, with ids as they are among one user's memories: that of another user's memory is none of them. */
export function withIdsOf(user: string, condition: MemoryCondition): MemoryCondition {
  const local = (value: ConditionValue): ConditionValue => {
    const read = typeof value === 'string' ? readMemoryId(value) : undefined;
    return read === undefined || (read.user ?? user) !== user ? '' : read.id;
  };
  switch (condition.type) {
    case 'and':
    case 'or':
      return { type: condition.type, conditions: condition.conditions.map((one) => withIdsOf(user, one)) };
    case 'not':
      return { type: 'not', condition: withIdsOf(user, condition.condition) };
    case 'in':
    case 'nin':
      return condition.field === 'id' ? { ...condition, values: condition.values.map(local) } : condition;
    case 'eq':
    case 'ne':
      return condition.field === 'id' ? { ...condition, value: local(condition.value) } : condition;
    default:
      return condition;
  }
}

function together(type: 'and', conditions: readonly MemoryCondition[]): MemoryCondition | undefined {
  return conditions.length < 2 ? conditions[0] : { type, conditions };
}

function refuse(path: string, what: string): GatewayError {
  return new GatewayError('request_invalid', `'${path}' ${what}`, { param: path });
}
