import type { FinishReason } from '../../src/operations/chat.ts';
import type { Usage } from '../../src/operations/usage.ts';

/** What the tests must know of one kind of provider, beside its definition. */
export interface ProviderRow {
  /** A model as the vendor names it. */
  readonly model: string;
  /** For what stands in braces in its address. */
  readonly places?: Readonly<Record<string, string>>;
  /** Where it is, for kinds that say no address. */
  readonly baseUrl?: string;
  /** Further settings of its entry: credentials other than `api_key`. */
  readonly settings?: Readonly<Record<string, unknown>>;
  /** Request headers that differ from run to run, and are left out of the golden files. */
  readonly changing?: readonly string[];
  /** At least one, for the dialect that it is asked in first. */
  readonly recordings: readonly Recording[];
}

/** A stream as the vendor sends it, with all that is peculiar about it; shortened, and with words of ours. */
export interface Recording {
  readonly dialect: string;
  /** In `streams/`. */
  readonly file: string;
  /** Where the shape is published; or that it is not, and what was concluded from what. */
  readonly source: string;
  readonly told: Told;
}

/** What a stream says, in our words. */
export interface Told {
  readonly model: string;
  readonly text?: string;
  readonly thoughts?: string;
  readonly calls?: readonly ToldCall[];
  readonly finish: FinishReason;
  readonly stopSequence?: string;
  /** Absent where the stream tells none. */
  readonly usage?: Usage;
}

export interface ToldCall {
  /** Absent where the vendor gives none: then we do. */
  readonly id?: string;
  readonly name: string;
  readonly arguments: string;
}
