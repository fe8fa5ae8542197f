/* A column of numbers that grows. A copy when it does is small beside what filled it: 100,000 numbers take some 50 µs. */

const LENGTH_FIRST = 16;

export class NumberColumn<Values extends Uint32Array | Float32Array> {
  values: Values;
  readonly #make: (length: number) => Values;

  constructor(make: (length: number) => Values) {
    this.#make = make;
    this.values = make(LENGTH_FIRST);
  }

  get bytes(): number {
    return this.values.byteLength;
  }

  /** Makes room for `length` numbers; what is new is 0. */
  ensure(length: number): void {
    if (length <= this.values.length) return;
    const grown = this.#make(Math.max(length, this.values.length * 2));
    grown.set(this.values);
    this.values = grown;
  }
}

export function uint32Column(): NumberColumn<Uint32Array> {
  return new NumberColumn((length) => new Uint32Array(length));
}

export function float32Column(): NumberColumn<Float32Array> {
  return new NumberColumn((length) => new Float32Array(length));
}
