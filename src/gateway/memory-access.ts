/*
 * Whose memories a caller may ask for. A key that is bound to a user speaks for that one alone; any other key of a tenant may name the tenant's users, and
 * without naming one means what belongs to no user: what an agent remembers for itself. What a caller may not see is not there: the answer is the
 * same for a user or a memory of somebody else's and for one that does not exist.
 */

import { GatewayError } from '../base/errors.ts';
import type { MemoryPartition } from '../context/memory/memory.ts';
import { readMemoryId } from '../context/memory/memory-id.ts';
import type { Principal } from '../pipeline/facts.ts';

/** Whose the call is: throws `resource_unknown` for a user whom this caller may not name. */
export function partitionOf(principal: Principal, named: string | undefined): MemoryPartition {
  const { tenant, user } = principal;
  if (user !== undefined && named !== undefined && named !== user) throw unknownUser();
  return { tenant, kind: 'memory', name: user ?? named ?? '' };
}

export interface MemoryPlace {
  readonly partition: MemoryPartition;
  readonly id: string;
}

/** Where the memory with this id would be; throws `resource_unknown` where it cannot be this caller's. `named`: whom the caller names beside the id. */
export function placeOf(principal: Principal, text: string, named?: string): MemoryPlace {
  const read = readMemoryId(text);
  if (read === undefined) throw unknownMemory();
  const user = read.user ?? named;
  if (named !== undefined && user !== named) throw unknownMemory();
  if (principal.user !== undefined && user !== undefined && user !== principal.user) throw unknownMemory();
  return { partition: partitionOf(principal, user), id: read.id };
}

export function unknownMemory(): GatewayError {
  return new GatewayError('resource_unknown', 'there is no such memory', { param: 'memory_id' });
}

export function unknownUser(): GatewayError {
  return new GatewayError('resource_unknown', 'there is no such user', { param: 'user_id' });
}
