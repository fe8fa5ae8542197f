/* The best few of many: a heap whose root is the worst of those taken. */

export interface TopDeps {
  /** Between equal scores the lesser one is better. */
  readonly orderOf: (unit: number) => number;
  /** Asked only about those that would be taken; undefined: all. */
  readonly accepts?: (unit: number) => boolean;
}

export class Top {
  readonly #max: number;
  readonly #deps: TopDeps;
  readonly #units: number[] = [];
  readonly #scores: number[] = [];

  constructor(max: number, deps: TopDeps) {
    this.#max = max;
    this.#deps = deps;
  }

  /** What scores less need not be offered. */
  get floor(): number {
    return this.#units.length === this.#max ? (this.#scores[0] ?? 0) : 0;
  }

  offer(unit: number, score: number): void {
    const isFull = this.#units.length === this.#max;
    if (isFull && !this.#isWorse(0, score, unit)) return;
    if (this.#deps.accepts?.(unit) === false) return;
    if (!isFull) {
      this.#units.push(unit);
      this.#scores.push(score);
      this.#up(this.#units.length - 1);
      return;
    }
    this.#units[0] = unit;
    this.#scores[0] = score;
    this.#down();
  }

  /** Best first. */
  taken(): { readonly unit: number; readonly score: number }[] {
    const { orderOf } = this.#deps;
    return this.#units
      .map((unit, place) => ({ unit, score: this.#scores[place] ?? 0 }))
      .sort((left, right) => right.score - left.score || orderOf(left.unit) - orderOf(right.unit));
  }

  /** Whether the one at a place is worse than the one given. */
  #isWorse(place: number, score: number, unit: number): boolean {
    const own = this.#scores[place] ?? 0;
    return own < score || (own === score && this.#deps.orderOf(this.#units[place] ?? 0) > this.#deps.orderOf(unit));
  }

  #up(start: number): void {
    let place = start;
    while (place > 0) {
      const parent = (place - 1) >>> 1;
      if (this.#isWorse(parent, this.#scores[place] ?? 0, this.#units[place] ?? 0)) return;
      this.#swap(place, parent);
      place = parent;
    }
  }

  #down(): void {
    let place = 0;
    for (;;) {
      const left = 2 * place + 1;
      if (left >= this.#units.length) return;
      const right = left + 1;
      const isRightWorse = right < this.#units.length && this.#isWorse(right, this.#scores[left] ?? 0, this.#units[left] ?? 0);
      const child = isRightWorse ? right : left;
      if (!this.#isWorse(child, this.#scores[place] ?? 0, this.#units[place] ?? 0)) return;
      this.#swap(place, child);
      place = child;
    }
  }

  #swap(one: number, other: number): void {
    const unit = this.#units[one]!;
    const score = this.#scores[one]!;
    this.#units[one] = this.#units[other]!;
    this.#scores[one] = this.#scores[other]!;
    this.#units[other] = unit;
    this.#scores[other] = score;
  }
}
