/** The part of `Headers` that readers of a reply need; every `Headers` is one. */
export interface ReadableHeaders {
  /** Repeated ones joined by ", ", as RFC 9110 §5.2 allows; null where there is none. `name` in lower case. */
  get(name: string): string | null;
  getSetCookie(): string[];
  /** Names in lower case; repeated ones joined, except `set-cookie`. */
  [Symbol.iterator](): IterableIterator<[string, string]>;
}
