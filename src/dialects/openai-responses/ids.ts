/** Ids of an answer and its items, made of one that nothing else has. */
export class AnswerIds {
  readonly response: string;
  readonly #base: string;
  #made = 0;

  /** `given`: what the target called the answer; it is kept where it is an id of this API. */
  constructor(base: string, given: string | undefined) {
    this.#base = base;
    this.response = given?.startsWith('resp_') === true ? given : `resp_${base}`;
  }

  next(prefix: 'msg' | 'rs' | 'fc' | 'ctc' | 'ig'): string {
    this.#made += 1;
    return `${prefix}_${this.#base}${this.#made}`;
  }
}
