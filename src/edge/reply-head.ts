/*
 * The headers of a route's replies, kept from one to the next. Of the 25 that a reply has, most are those of the reply before (types, limits,
 * names of models), and a copy of what is there costs less than setting it: so only what differs is set.
 *
 * Invariant: after `finish` there are the constant headers and what was set since `begin`, and nothing of an earlier reply.
 */

interface Entry {
  value: string;
  /** The reply that it was last set for. */
  reply: number;
}

export class ReplyHead {
  readonly #constant: Headers;
  readonly #headers: Headers;
  /** What `#headers` hold beyond the constant ones, or in their place. */
  readonly #entries = new Map<string, Entry>();
  #reply = 0;
  /** Entries that were set for this reply. */
  #fresh = 0;

  /** `constant`: in every reply, where it does not set them itself. */
  constructor(constant: Headers) {
    this.#constant = constant;
    this.#headers = new Headers(constant);
  }

  begin(): void {
    this.#reply += 1;
    this.#fresh = 0;
  }

  /** Names are in lower case. Throws for a name or value that HTTP does not know. */
  set(name: string, value: string): void {
    const entry = this.#entries.get(name);
    if (entry === undefined) {
      this.#headers.set(name, value);
      this.#entries.set(name, { value, reply: this.#reply });
      this.#fresh += 1;
      return;
    }
    if (entry.value !== value) {
      this.#headers.set(name, value);
      entry.value = value;
    }
    if (entry.reply !== this.#reply) {
      entry.reply = this.#reply;
      this.#fresh += 1;
    }
  }

  /** The headers of the reply, to be copied: the next one changes them. */
  finish(): Headers {
    if (this.#fresh < this.#entries.size) this.#forgetOthers();
    return this.#headers;
  }

  #forgetOthers(): void {
    for (const [name, { reply }] of this.#entries) {
      if (reply === this.#reply) continue;
      this.#entries.delete(name);
      const constant = this.#constant.get(name);
      if (constant === null) this.#headers.delete(name);
      else this.#headers.set(name, constant);
    }
  }
}
