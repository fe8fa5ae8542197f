/*
 * How far the vectors of a partition have come, as a note on it in the log of records: which space is searched, and which is being made where
 * the model was changed.
 *
 *   nothing noted ──first vectors──▶ serving(A) ──another model──▶ serving(A), filling(B) ──B has all──▶ serving(B)
 *
 * Invariants: `filling` is never of the space that serves; a cursor is a number of the log whose changes, and all before them, are in the
 * vectors of its space, or will never be.
 */

import { z } from 'zod';
import type { VectorSpace } from '../../stores/vector/vector-store.ts';
import type { EmbeddingSpec } from './embedder.ts';

/** Name of the note. It begins with `vectors`: such notes are left behind where records move to another store. */
export function denseNote(place: string): string {
  return `vectors:${new Bun.CryptoHasher('sha256').update(place).digest('hex').slice(0, 12)}`;
}

const sideSchema = z.object({
  space: z.object({ name: z.string().regex(/^[a-z0-9_-]{1,63}$/), dimensions: z.int().min(1).max(4_096) }),
  spec: z.object({
    model: z.string(),
    target: z.string(),
    dimensions: z.int().optional(),
    documentPrefix: z.string(),
    queryPrefix: z.string(),
  }),
  cursor: z.int().min(0),
});

const stateSchema = z.object({
  /** Of the partition's log. */
  generation: z.string(),
  serving: sideSchema.optional(),
  filling: sideSchema.optional(),
  /** Spaces that are in use no more, and may still be there. */
  dropping: z.array(z.string()).max(100).optional(),
  /** Who fills it, until when (wall milliseconds): others leave it alone. */
  lease: z.object({ holder: z.string(), untilMs: z.number() }).optional(),
});

export type DenseSide = z.output<typeof sideSchema>;
export type DenseState = z.output<typeof stateSchema>;

/** A note that is none is as good as no note: vectors are made anew. */
export function parseDenseState(note: string | undefined): DenseState | undefined {
  if (note === undefined) return undefined;
  try {
    return stateSchema.safeParse(JSON.parse(note)).data;
  } catch {
    return undefined;
  }
}

/** Whether vectors of the two may be compared, as far as can be told without asking a model. */
export function isSameSpec(a: EmbeddingSpec, b: DenseSide['spec']): boolean {
  return a.target === b.target && a.dimensions === b.dimensions && a.documentPrefix === b.documentPrefix && a.queryPrefix === b.queryPrefix;
}

/** The side that a model writes to; undefined where it has none yet. */
function sideOf(state: DenseState | undefined, spec: EmbeddingSpec): 'serving' | 'filling' | undefined {
  if (state?.filling !== undefined && isSameSpec(spec, state.filling.spec)) return 'filling';
  if (state?.serving !== undefined && isSameSpec(spec, state.serving.spec)) return 'serving';
  return undefined;
}

/** That side itself. */
export function currentSide(state: DenseState | undefined, spec: EmbeddingSpec): DenseSide | undefined {
  const side = sideOf(state, spec);
  return side === undefined ? undefined : state?.[side];
}

/** How many changes of a log that ends with `head` wait; 1 where there is only something to tidy. */
export function waitingIn(state: DenseState | undefined, spec: EmbeddingSpec, head: number): number {
  const behind = Math.max(0, head - (currentSide(state, spec)?.cursor ?? 0));
  const isUntidy = state?.dropping !== undefined || (sideOf(state, spec) === 'serving' && state?.filling !== undefined);
  return isUntidy ? Math.max(1, behind) : behind;
}

export interface Advance {
  readonly spec: EmbeddingSpec;
  readonly generation: string;
  /** Of what was embedded; undefined where there was nothing to embed. */
  readonly space: VectorSpace | undefined;
  /** The last change that is dealt with. */
  readonly last: number;
}

/** What is to be noted; undefined where there are no vectors yet. */
export function advanced(state: DenseState | undefined, { spec, generation, space, last }: Advance): DenseState | undefined {
  const side = sideOf(state, spec);
  const current = currentSide(state, spec);
  if (state !== undefined && side !== undefined && current !== undefined && (space === undefined || space.name === current.space.name))
    return { ...withoutLease(state), generation, [side]: { ...current, cursor: Math.max(current.cursor, last) } };
  if (space === undefined) return undefined;
  // Under an old name a model that is another one by now begins anew: the pages before this one were of the old.
  const fresh: DenseSide = { space, spec, cursor: current === undefined ? last : 0 };
  if (state?.serving === undefined) return { generation, serving: fresh };
  const { serving, filling, dropping = [] } = state;
  const left = filling === undefined ? dropping : [...dropping, filling.space.name];
  // The model that serves is back under the old name: it has vectors up to where it was.
  if (space.name === serving.space.name) return { generation, serving, ...droppingOf(left.filter((name) => name !== space.name)) };
  return { generation, serving, filling: fresh, ...droppingOf(left.filter((name) => name !== space.name && name !== serving.space.name)) };
}

/** When the log has no more: what was being made serves, and what is in use no more is to be dropped. */
export function finished(state: DenseState, spec: EmbeddingSpec): DenseState {
  const { generation, serving, filling, dropping = [] } = state;
  const side = sideOf(state, spec);
  if (side === 'filling' && filling !== undefined)
    return { generation, serving: filling, ...droppingOf(serving === undefined ? dropping : [...dropping, serving.space.name]) };
  if (side === 'serving' && serving !== undefined && filling !== undefined)
    return { generation, serving, ...droppingOf([...dropping, filling.space.name]) };
  return withoutLease(state);
}

function withoutLease({ lease: _lease, ...rest }: DenseState): DenseState {
  return rest;
}

function droppingOf(names: readonly string[]): { dropping?: string[] } {
  return names.length === 0 ? {} : { dropping: [...new Set(names)] };
}
