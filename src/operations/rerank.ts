import type { Usage } from './usage.ts';

/** Documents to put in the order of their worth for a query, in our words. */
export interface RerankRequest {
  readonly query: string;
  /** At least one. */
  readonly documents: readonly RerankDocument[];
  /** How many of the best are wanted; absent: all. */
  readonly top?: number;
  /** The reply is to repeat the documents. */
  readonly withDocuments: boolean;
  /** Longer texts are cut (true) or refused (false); absent: as the target likes it. */
  readonly truncate?: boolean;
  /** Fields that this form has no place for. */
  readonly unread: readonly string[];
}

export interface RerankDocument {
  readonly text: string;
  /** The caller's own object, where it gave one: it is what the reply repeats. */
  readonly given?: unknown;
}

export interface RerankReply {
  readonly id?: string;
  readonly model?: string;
  /** The best first; `index` is the place in the request, `score` the upstream's own. */
  readonly results: readonly { readonly index: number; readonly score: number }[];
  readonly usage?: Usage;
}
