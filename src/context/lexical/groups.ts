/* What stands together: the units of a session or a file in the order of their positions, and who stands next to whom. */

import { uint32Column } from './number-column.ts';
import { ShardedMap } from './sharded-map.ts';
import { Slots } from './slots.ts';

/** A window has the units at the distances −REACH … REACH in the group. */
export const REACH = 2;
export const STEPS = 2 * REACH + 1;

/** Windows one after the other: STEPS numbers of units each, −1 where there is none; the middle one is whose window it is. */
export type Windows = Int32Array;

interface Member {
  /** The number of the unit. */
  readonly number: number;
  readonly position: number;
  /** Decides between equal positions. */
  readonly order: number;
}

interface Group {
  /** By position. */
  readonly members: Member[];
  /** In thousandths: whole numbers, which add up the same in any order. */
  length: number;
}

const THOUSANDTHS = 1_000;

const GROUP_BYTES = 120;
const MEMBER_BYTES = 64;

export class Groups {
  readonly #slots = new Slots(new ShardedMap<number>());
  readonly #groups: (Group | undefined)[] = [];
  readonly #members: (Member | undefined)[] = [];
  /** By number of unit: the number of its group. */
  readonly groupOf = uint32Column();
  /** By number of unit: who stands next to it, and 1; 0 where nobody does. */
  readonly #before = uint32Column();
  readonly #after = uint32Column();
  #units = 0;

  /** Numbers of groups are below it. */
  get count(): number {
    return this.#slots.length;
  }

  get size(): number {
    return this.#slots.size;
  }

  get bytes(): number {
    return this.#slots.bytes + this.#slots.size * GROUP_BYTES + this.#units * MEMBER_BYTES + 3 * this.groupOf.bytes;
  }

  add(name: string, { length, ...member }: Member & { readonly length: number }): void {
    const slot = this.#slots.find(name) ?? this.#slots.add(name);
    this.#slots.hold(slot);
    const group = this.#groups[slot] ?? { members: [], length: 0 };
    this.#groups[slot] = group;
    const at = placeOf(group.members, member);
    // Mostly they come in order.
    if (at === group.members.length) group.members.push(member);
    else group.members.splice(at, 0, member);
    group.length += Math.round(length * THOUSANDTHS);
    for (const column of [this.groupOf, this.#before, this.#after]) column.ensure(member.number + 1);
    this.groupOf.values[member.number] = slot;
    this.#link(group.members[at - 1], member);
    this.#link(member, group.members[at + 1]);
    this.#members[member.number] = member;
    this.#units += 1;
  }

  remove(number: number, length: number): void {
    const slot = this.groupOf.values[number] ?? 0;
    const group = this.#groups[slot];
    const member = this.#members[number];
    if (group === undefined || member === undefined) return;
    const at = placeOf(group.members, member);
    group.members.splice(at, 1);
    this.#link(group.members[at - 1], group.members[at]);
    group.length -= Math.round(length * THOUSANDTHS);
    this.#members[number] = undefined;
    this.#units -= 1;
    if (this.#slots.release(slot)) this.#groups[slot] = undefined;
  }

  /** The sum of the lengths of its units. */
  lengthOf(group: number): number {
    return (this.#groups[group]?.length ?? 0) / THOUSANDTHS;
  }

  /** The windows of these units: see Windows. */
  windowsOf(units: readonly number[]): Windows {
    const near = new Int32Array(units.length * STEPS).fill(-1);
    for (let at = 0; at < units.length; at += 1) {
      const middle = at * STEPS + REACH;
      const unit = units[at]!;
      near[middle] = unit;
      for (let step = 1, other = unit; step <= REACH; step += 1) {
        other = this.#before.values[other]! - 1;
        if (other < 0) break;
        near[middle - step] = other;
      }
      for (let step = 1, other = unit; step <= REACH; step += 1) {
        other = this.#after.values[other]! - 1;
        if (other < 0) break;
        near[middle + step] = other;
      }
    }
    return near;
  }

  #link(first: Member | undefined, second: Member | undefined): void {
    if (first !== undefined) this.#after.values[first.number] = second === undefined ? 0 : second.number + 1;
    if (second !== undefined) this.#before.values[second.number] = first === undefined ? 0 : first.number + 1;
  }
}

/** Where the member stands, or would stand. */
function placeOf(members: readonly Member[], { position, order }: Member): number {
  let low = 0;
  let high = members.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const other = members[middle];
    if (other !== undefined && (other.position < position || (other.position === position && other.order < order))) low = middle + 1;
    else high = middle;
  }
  return low;
}
