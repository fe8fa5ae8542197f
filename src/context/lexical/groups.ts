/* What stands together: the units of a session or a file in the order of their positions, and who stands next to whom. */

import { uint32Column } from './number-column.ts';
import { Slots } from './slots.ts';

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
  readonly #slots = new Slots<string>();
  readonly #groups: (Group | undefined)[] = [];
  readonly #members: (Member | undefined)[] = [];
  /** By number of unit: the number of its group. */
  readonly groupOf = uint32Column();
  #units = 0;

  /** Numbers of groups are below it. */
  get count(): number {
    return this.#slots.length;
  }

  get size(): number {
    return this.#slots.size;
  }

  get bytes(): number {
    return this.#slots.bytes + this.#slots.size * GROUP_BYTES + this.#units * MEMBER_BYTES + this.groupOf.bytes;
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
    this.groupOf.ensure(member.number + 1);
    this.groupOf.values[member.number] = slot;
    this.#members[member.number] = member;
    this.#units += 1;
  }

  remove(number: number, length: number): void {
    const slot = this.groupOf.values[number] ?? 0;
    const group = this.#groups[slot];
    const member = this.#members[number];
    if (group === undefined || member === undefined) return;
    group.members.splice(placeOf(group.members, member), 1);
    group.length -= Math.round(length * THOUSANDTHS);
    this.#members[number] = undefined;
    this.#units -= 1;
    if (this.#slots.release(slot)) this.#groups[slot] = undefined;
  }

  /** The sum of the lengths of its units. */
  lengthOf(group: number): number {
    return (this.#groups[group]?.length ?? 0) / THOUSANDTHS;
  }

  /** The numbers of those at the distances −reach … reach, −1 where there is none; the middle one is the unit itself. */
  neighbours(number: number, reach: number): Int32Array {
    const members = this.#groups[this.groupOf.values[number] ?? 0]?.members ?? [];
    const member = this.#members[number];
    const place = member === undefined ? -1 : placeKnown(members, member);
    const near = new Int32Array(2 * reach + 1).fill(-1);
    if (place < 0) return near;
    const end = Math.min(members.length - 1, place + reach);
    for (let at = Math.max(0, place - reach); at <= end; at += 1) near[at - place + reach] = members[at]!.number;
    return near;
  }
}

/** Where a member stands that is there. Mostly positions have no gaps, and it need not be looked for. */
function placeKnown(members: readonly Member[], member: Member): number {
  const guess = member.position - (members[0]?.position ?? 0);
  return members[guess] === member ? guess : placeOf(members, member);
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
