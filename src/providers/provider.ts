import type { OperationKind } from '../operations/operation.ts';

/** What we know of a kind of model server: data, and nothing but data. */
export interface ProviderDefinition {
  /** The name in `providers:` and in `provider/model`. */
  readonly name: string;
  /** As people write it. */
  readonly title: string;
  /** The dialect it speaks under `baseUrl`. */
  readonly dialect: string;
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
  readonly operations: readonly OperationKind[];
  /** How it wants the key: `authorization: Bearer`, or not at all. */
  readonly credential: 'bearer' | 'none';
  /** It accepts `stream_options.include_usage`; where it doesn't, asking would be a 400. */
  readonly streamUsage: boolean;
}
