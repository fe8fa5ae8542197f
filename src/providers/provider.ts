import type { ChatFeature } from '../operations/chat-features.ts';
import type { OperationKind } from '../operations/operation.ts';

/** What we know of a kind of model server: data, and nothing but data. */
export interface ProviderDefinition {
  /** The name in `providers:` and in `provider/model`. */
  readonly name: string;
  /** As people write it. */
  readonly title: string;
  /** What it speaks; the first is the one that its lists of models are asked in. */
  readonly dialects: readonly SpokenDialect[];
  /**
   * Where it is by default, with the version path and no trailing slash; absent where only the operator can know. What stands in braces is one of
   * PLACEHOLDERS, which the provider's entry says; `{region-}` is empty for `global`, and else has a hyphen after it.
   */
  readonly baseUrl?: string;
  /** The environment variable that by custom holds its key. */
  readonly keyVariable?: string;
  /** Others that hold it as well; a later one wins, over `keyVariable` too. */
  readonly otherKeyVariables?: readonly string[];
  /** The key where its entry has none: of a server that takes any, but wants one. */
  readonly keyDefault?: string;
  /** Environment variables that say where it is, the least known first: a later one wins. The version path may be missing. */
  readonly urlVariables?: readonly string[];
  /** Environment variables for what stands in braces in `baseUrl`. */
  readonly variables?: Readonly<Partial<Record<Placeholder, string>>>;
  /** What a server of one's own answers at once and without a credential, from the root of its address: asked for health checks. */
  readonly healthPath?: string;
  /** Names of models that are surely its own, as globs: they go to it when several providers were found and no file says more. */
  readonly families?: readonly string[];
  /**
   * How it wants the key: `authorization: Bearer`, in a header of its own, or not at all; or a credential that is made for each request, where a key of the
   * usual kind, if there is one, still goes as `authorization: Bearer`.
   */
  readonly credential: 'bearer' | 'none' | { readonly header: string } | { readonly signing: Signing };
  /**
   * Whose prices are its own: an id of a price list of the catalogue (`gatehouse models` shows them). Default: the name of this kind; where no list
   * has that id, its prices are unknown.
   */
  readonly priceList?: string;
}

/** A way to make a credential for each request (upstream/credentials/). */
export type Signing = 'aws-sigv4' | 'google-oauth';

/** What a base URL may be filled in with: `https://bedrock-runtime.{region}.amazonaws.com`. */
export const PLACEHOLDERS = ['region', 'project', 'account', 'resource'] as const;
export type Placeholder = (typeof PLACEHOLDERS)[number];

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
  /** Sent with every request in this dialect, unless the provider's own credential or its entry says otherwise; lower case. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Features that the dialect has a word for, but this server refuses or gets wrong: a translated request leaves them out. */
  readonly lacks?: readonly ChatFeature[];
  /** Fields that this server has another name for (`seed: 'random_seed'`), for translated requests. */
  readonly fieldNames?: Readonly<Record<string, string>>;
  /** Ids of tool calls must be so many letters and digits: those that are not are exchanged for some that are, in translated requests. */
  readonly callIdChars?: number;
}

/** Where a dialect of this kind of server begins, given a base URL (no trailing slash) as it was configured for any of its dialects. */
export function dialectBase({ dialects }: ProviderDefinition, { prefix }: SpokenDialect, baseUrl: string): string {
  if (prefix === undefined) return baseUrl;
  // The longest that fits: `/anthropic/v1` ends in `/v1`, too.
  const given = dialects.reduce(
    (longest, other) =>
      baseUrl.endsWith(other.prefix ?? '') && (other.prefix ?? '').length > longest.length ? (other.prefix ?? '') : longest,
    '',
  );
  return baseUrl.slice(0, baseUrl.length - given.length) + prefix;
}
