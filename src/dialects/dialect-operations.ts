import type { OperationKind } from '../operations/operation.ts';

/** A dialect's own of something for each operation that it knows. Routes and providers name no other, so to ask for one is a defect. */
export function ofOperation<Own>(table: Readonly<Partial<Record<OperationKind, Own>>>, kind: OperationKind): Own {
  const own = table[kind];
  if (own === undefined) throw new Error(`the dialect has no operation '${kind}'`);
  return own;
}
