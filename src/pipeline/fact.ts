/*
 * Facts: typed values that one policy writes on the exchange and later ones read. Each is written once. A fact is a slot
 * number, so reading one is an array access; which policy writes what is declared, and checked when the stack is built.
 */

export interface Fact<T> {
  readonly name: string;
  readonly slot: number;
  /** Carries the type alone. */
  readonly _type?: T;
}

let slots = 0;

/** Declares a fact; call it once, at the top of a module. */
export function defineFact<T>(name: string): Fact<T> {
  return { name, slot: slots++ };
}
