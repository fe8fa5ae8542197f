/*
 * Streams whose events bear names, as those of Anthropic, of OpenAI's Responses, of Cohere and of Bedrock do: most of them frame the tokens (a block begins, a block
 * ends) and are sent with the token that follows, so that faults which count tokens find what they count.
 */

/** An event as it goes onto the wire. Its name is its type. */
export function namedEvent(value: { readonly type: string }): string {
  return `event: ${value.type}\ndata: ${JSON.stringify(value)}\n\n`;
}

interface Token<Event> {
  /** Sent just before it. */
  readonly lead: string;
  /** Put into words when it is sent: an answer may have millions. */
  readonly event: Event;
}

/** Collects the events of one stream, in order. */
export class NamedEvents<Event extends { readonly type: string }> {
  readonly #encode: (event: Event) => string;
  readonly #tokens: Token<Event>[] = [];
  #opening = '';
  #pending = '';

  /** `encode` is how an event goes onto the wire: as SSE unless told otherwise. */
  constructor(encode: (event: Event) => string = namedEvent) {
    this.#encode = encode;
  }

  /** An event that carries no token. */
  frame(event: Event): void {
    this.#pending += this.#encode(event);
  }

  /** What was framed so far is sent even before the first token is there. */
  opened(): void {
    this.#opening += this.#pending;
    this.#pending = '';
  }

  token(event: Event): void {
    this.#tokens.push({ lead: this.#pending, event });
    this.#pending = '';
  }

  get opening(): string {
    return this.#opening;
  }

  get tokenCount(): number {
    return this.#tokens.length;
  }

  /** What was framed after the last token. */
  get rest(): string {
    return this.#pending;
  }

  /** The token with what frames it. */
  event(index: number): string {
    const token = this.#tokens[index];
    return token === undefined ? '' : token.lead + this.#encode(token.event);
  }
}
