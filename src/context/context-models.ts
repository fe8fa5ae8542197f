/*
 * The port for models that the engines ask. They lie behind the gateway's own targets: what is asked is routed, retried, counted, priced and
 * logged as a caller's request would be. May be slow, absent or wrong.
 *
 * Calls reject with a GatewayError: what the gateway would have told a caller.
 */

/** Whose data it is that a model is given: for the log and the ledger. */
export interface ModelOwner {
  readonly tenant: string;
  /** Where it is one user's. */
  readonly user?: string;
}

export interface EmbedTextsRequest {
  /** A name from `models`, or `provider/model`. */
  readonly model: string;
  /** What the name is taken to mean (`provider/model`): where it means something else by now, this is asked. */
  readonly target?: string;
  /** At least one; with their prefixes. */
  readonly texts: readonly string[];
  /** What they are, for models that are told so by a field. */
  readonly kind: 'document' | 'query';
  readonly dimensions?: number;
  readonly owner: ModelOwner;
}

export interface EmbeddedBatch {
  /** One after another in the order of the texts; as the model gave them. */
  readonly values: Float32Array;
  /** Numbers of each: the length of `values` is this times the number of texts. */
  readonly dimensions: number;
}

export interface RerankTextsRequest {
  readonly model: string;
  readonly query: string;
  /** At least one. */
  readonly texts: readonly string[];
  readonly owner: ModelOwner;
}

export interface AskRequest {
  readonly model: string;
  readonly messages: readonly { readonly role: 'system' | 'user' | 'assistant'; readonly content: string }[];
  /** The most that it may answer with. */
  readonly outputTokensMax?: number;
  /** Absent: as the model likes; some take no other. */
  readonly temperature?: number;
  /** The answer is to be JSON that this JSON Schema describes. */
  readonly schema?: { readonly name: string; readonly schema: Readonly<Record<string, unknown>> };
  readonly owner: ModelOwner;
}

export interface AskReply {
  readonly text: string;
  /** It came to its own end: not cut off by a limit, nor kept back. */
  readonly isWhole: boolean;
}

export interface ContextModels {
  embed(request: EmbedTextsRequest, signal: AbortSignal): Promise<EmbeddedBatch>;
  /** Scores in the order of the texts, higher is better; as the model gave them. */
  rerank(request: RerankTextsRequest, signal: AbortSignal): Promise<readonly number[]>;
  /** A chat. */
  ask(request: AskRequest, signal: AbortSignal): Promise<AskReply>;
}
