/* Tenants and users, the keys that they call with, what they have said so far, and what has come back that should not have. */

import { type Canary, canariesIn, canaryText, createRandom, type Owner, tenantName, userName } from './canary.ts';

export const TENANTS = 200;
export const USERS = 3;

/** One user as the run knows them. What they have kept is asked about again; what was erased must never be seen again. */
export class Person implements Owner {
  readonly tenant: number;
  readonly user: number;
  readonly name: string;
  readonly memories: string[] = [];
  readonly documents: string[] = [];
  readonly stores: string[] = [];
  readonly responses: string[] = [];
  /** Bodies of chats whose answers may be cached. */
  readonly chats: string[] = [];
  readonly alive = new Set<number>();
  serial = 0;
  isBusy = false;
  /** When they last chatted: what was said may still be on its way to be remembered. */
  chattedAtMs = 0;

  constructor(tenant: number, user: number) {
    this.tenant = tenant;
    this.user = user;
    this.name = userName(this);
  }

  /** A new canary. */
  plant(): string {
    this.serial += 1;
    this.alive.add(this.serial);
    return canaryText({ tenant: this.tenant, user: this.user, serial: this.serial });
  }

  forget(): void {
    for (const kept of [this.memories, this.documents, this.stores, this.responses, this.chats]) kept.length = 0;
    this.alive.clear();
  }
}

export class World {
  readonly people: readonly Person[];
  readonly random: () => number;
  readonly violations: string[] = [];
  readonly failures: string[] = [];
  readonly counts = new Map<string, number>();
  url = '';

  constructor(seed: number) {
    this.random = createRandom(seed);
    this.people = Array.from({ length: TENANTS * USERS }, (_, index) => new Person(Math.floor(index / USERS), index % USERS));
  }

  pick<T>(items: readonly T[]): T | undefined {
    return items[Math.floor(this.random() * items.length)];
  }

  /** Another user: of the same tenant as often as not. */
  other(person: Person): Person {
    const near = this.people.filter(({ tenant, user }) => tenant === person.tenant && user !== person.user);
    return (this.random() < 0.5 ? this.pick(near) : this.pick(this.people.filter(({ tenant }) => tenant !== person.tenant))) ?? person;
  }

  /** Holds what was answered against whoever asked: no canary but their own, and none that was erased. */
  hold(person: Person, what: string, text: string): void {
    for (const canary of canariesIn(text)) {
      if (canary.tenant !== person.tenant || canary.user !== person.user) this.#violated(what, canary, `was told to ${person.name}`);
      else if (!person.alive.has(canary.serial)) this.#violated(what, canary, 'was erased, and came back');
    }
  }

  fail(what: string): void {
    if (this.failures.length < 100) this.failures.push(what);
  }

  #violated(what: string, canary: Canary, how: string): void {
    if (this.violations.length < 100) this.violations.push(`${what}: ${canaryText(canary)} ${how}`);
  }
}

export function boundKey({ tenant, user }: Owner): string {
  return `sk-user-${tenant}-${user}-000000`;
}

export function serviceKey({ tenant }: Pick<Owner, 'tenant'>): string {
  return `sk-service-${tenant}-000000`;
}

export function keysOf(): object[] {
  return Array.from({ length: TENANTS }, (_, tenant) => [
    ...Array.from({ length: USERS }, (__, user) => ({
      name: `user-${tenant}-${user}`,
      key: boundKey({ tenant, user }),
      tenant: tenantName(tenant),
      user: userName({ tenant, user }),
    })),
    { name: `service-${tenant}`, key: serviceKey({ tenant }), tenant: tenantName(tenant) },
  ]).flat();
}
