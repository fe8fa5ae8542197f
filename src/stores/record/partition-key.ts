import type { Partition } from './record-store.ts';

/** Parts that are joined so that no two partitions have the same key; `more` tells apart what there are several of in one. Stores of vectors keep it: it must stay as it is. */
export function partitionKey({ tenant, kind, name }: Partition, ...more: readonly string[]): string {
  return JSON.stringify([tenant, kind, name, ...more]);
}
