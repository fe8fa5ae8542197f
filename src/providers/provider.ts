import type { OperationKind } from '../operations/operation.ts';

/** What we know of a kind of model server: data, and nothing but data. */
export interface ProviderDefinition {
  /** The name in `providers:` and in `provider/model`. */
  readonly name: string;
  /** As people write it. */
  readonly title: string;
  /** What it speaks; the first is the one that its lists of models are asked in. */
  readonly dialects: readonly SpokenDialect[];
  /** Where it is by default, with the version path and no trailing slash; absent where only the operator can know. */
  readonly baseUrl?: string;
  /** The environment variable that by custom holds its key. */
  readonly keyVariable?: string;
  /** Environment variables that say where it is, the least known first: a later one wins. The version path may be missing. */
  readonly urlVariables?: readonly string[];
  /** What a server of one's own answers at once and without a credential, from the root of its address: asked for health checks. */
  readonly healthPath?: string;
  /** Names of models that are surely its own, as globs: they go to it when several providers were found and no file says more. */
  readonly families?: readonly string[];
  /**
   * Whose prices are its own: an id of a price list of the catalogue (`gatehouse models` shows them). Default: the name of this kind; where no list
   * has that id, its prices are unknown.
   */
  readonly priceList?: string;
  /** How it wants the key: `authorization: Bearer`, or not at all. */
  readonly credential: 'bearer' | 'none';
}

/** One dialect that a kind of server speaks, and what it does in it. */
export interface SpokenDialect {
  readonly name: string;
  /**
   * Path of this dialect from the root of the server (`/v1`), where it speaks several: a base URL may then end in any of their paths, or in
   * none. Absent where the base URL itself says it.
   */
  readonly prefix?: string;
  readonly operations: readonly OperationKind[];
  /** It accepts `stream_options.include_usage`, or its like; where it doesn't, asking would be a 400. */
  readonly streamUsage: boolean;
}

/** Where a dialect of this kind of server begins, given a base URL (no trailing slash) as it was configured for any of its dialects. */
export function dialectBase({ dialects }: ProviderDefinition, { prefix }: SpokenDialect, baseUrl: string): string {
  if (prefix === undefined) return baseUrl;
  for (const other of dialects) {
    if (other.prefix !== undefined && baseUrl.endsWith(other.prefix)) return baseUrl.slice(0, -other.prefix.length) + prefix;
  }
  return baseUrl + prefix;
}
