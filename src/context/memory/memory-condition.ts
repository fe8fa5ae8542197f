/*
 * Conditions on memories, for filters that callers write: a tree of comparisons. Pure, and plain data, so that it crosses threads.
 *
 * What compares differs in kind from what is there (a text with a number) or is missing is neither equal nor in order: `eq`, `in` and the
 * comparisons fail, `ne` and `nin` hold. That is how Mem0 has it: docs.mem0.ai/open-source/features/metadata-filtering.
 */

import type { Memory, MemoryFilter } from './memory.ts';

export type ConditionValue = string | number | boolean;

/** What a comparison looks at; a list is a path into `metadata`. */
export type ConditionField =
  | 'id'
  | 'text'
  | 'kind'
  | 'role'
  | 'agent'
  | 'run'
  | 'session'
  | 'created'
  | 'updated'
  | 'event'
  | 'expires'
  | 'superseded'
  | readonly string[];

export type MemoryCondition =
  | { readonly type: 'and' | 'or'; readonly conditions: readonly MemoryCondition[] }
  | { readonly type: 'not'; readonly condition: MemoryCondition }
  | { readonly type: 'eq' | 'ne' | 'gt' | 'gte' | 'lt' | 'lte'; readonly field: ConditionField; readonly value: ConditionValue }
  | { readonly type: 'in' | 'nin'; readonly field: ConditionField; readonly values: readonly ConditionValue[] }
  | { readonly type: 'contains' | 'icontains'; readonly field: ConditionField; readonly value: string }
  | { readonly type: 'exists'; readonly field: ConditionField };

/** Whether a memory is one that the filter lets pass. Every engine asks this, so that all of them mean the same. */
export function passesFilter(memory: Memory, filter: MemoryFilter | undefined): boolean {
  if (filter === undefined) return true;
  if (filter.agent !== undefined && memory.agent !== filter.agent) return false;
  if (filter.run !== undefined && memory.run !== filter.run) return false;
  if (filter.session !== undefined && memory.session !== filter.session) return false;
  for (const [name, value] of Object.entries(filter.metadata ?? {}))
    if (!Object.hasOwn(memory.metadata, name) || !isSame(memory.metadata[name], value)) return false;
  return filter.where === undefined || meets(memory, filter.where);
}

/** Whether a memory meets a condition. */
export function meets(memory: Memory, condition: MemoryCondition): boolean {
  switch (condition.type) {
    case 'and':
      return condition.conditions.every((one) => meets(memory, one));
    case 'or':
      return condition.conditions.some((one) => meets(memory, one));
    case 'not':
      return !meets(memory, condition.condition);
    default:
      return compare(valueOf(memory, condition.field), condition);
  }
}

type Comparison = Exclude<MemoryCondition, { type: 'and' | 'or' | 'not' }>;

function compare(found: unknown, condition: Comparison): boolean {
  switch (condition.type) {
    case 'exists':
      return found !== undefined && found !== null;
    case 'eq':
      return holds(found, condition.value);
    case 'ne':
      return !holds(found, condition.value);
    case 'in':
      return condition.values.some((value) => holds(found, value));
    case 'nin':
      return !condition.values.some((value) => holds(found, value));
    case 'contains':
      return texts(found).some((text) => text.includes(condition.value));
    case 'icontains':
      return texts(found).some((text) => text.toLowerCase().includes(condition.value.toLowerCase()));
    default:
      return isOrdered(found, condition);
  }
}

/** A list has a value when one of its members is it. */
function holds(found: unknown, value: ConditionValue): boolean {
  return Array.isArray(found) ? found.includes(value) : found === value;
}

function texts(found: unknown): readonly string[] {
  if (Array.isArray(found)) return found.filter((one): one is string => typeof one === 'string');
  return typeof found === 'string' ? [found] : [];
}

function isOrdered(found: unknown, { type, value }: Extract<Comparison, { readonly value: unknown }>): boolean {
  if (typeof found !== typeof value || (typeof found !== 'number' && typeof found !== 'string')) return false;
  switch (type) {
    case 'gt':
      return found > value;
    case 'gte':
      return found >= value;
    case 'lt':
      return found < value;
    case 'lte':
      return found <= value;
    default:
      return false;
  }
}

function valueOf(memory: Memory, field: ConditionField): unknown {
  if (typeof field !== 'string') return memberOf(memory.metadata, field);
  switch (field) {
    case 'created':
      return memory.createdMs;
    case 'updated':
      return memory.updatedMs;
    case 'event':
      return memory.eventMs;
    case 'expires':
      return memory.expiresMs;
    case 'superseded':
      return memory.supersededBy;
    default:
      return memory[field];
  }
}

function memberOf(value: unknown, path: readonly string[]): unknown {
  let found = value;
  for (const name of path) {
    if (typeof found !== 'object' || found === null || !Object.hasOwn(found, name)) return undefined;
    found = (found as Readonly<Record<string, unknown>>)[name];
  }
  return found;
}

/** Equal as JSON, whatever the order of members. */
function isSame(one: unknown, other: unknown): boolean {
  if (one === other) return true;
  if (typeof one !== 'object' || typeof other !== 'object' || one === null || other === null) return false;
  if (Array.isArray(one) !== Array.isArray(other)) return false;
  const names = Object.keys(one);
  return (
    names.length === Object.keys(other).length &&
    names.every((name) => Object.hasOwn(other, name) && isSame(memberOf(one, [name]), memberOf(other, [name])))
  );
}
