import type { Usage } from './usage.ts';

/** Texts (or token numbers) to turn into vectors, in our words. */
export interface EmbedRequest {
  /** At least one: a text, or the numbers of its tokens. */
  readonly inputs: readonly (string | readonly number[])[];
  readonly dimensions?: number;
  /** What the vectors are for, where the dialect says so. */
  readonly purpose?: 'query' | 'document' | 'similarity' | 'classification' | 'clustering';
  /** Longer texts are cut (true) or refused (false). */
  readonly truncate?: boolean;
  /** How the caller wants vectors written; targets are asked for what they can. */
  readonly encoding: 'float' | 'base64';
  readonly user?: string;
  /** Fields that this form has no place for. */
  readonly unread: readonly string[];
}

export interface EmbedReply {
  readonly model?: string;
  /** In the order of the inputs. */
  readonly vectors: readonly (readonly number[])[];
  readonly usage?: Usage;
}
