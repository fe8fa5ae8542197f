/** Tokens that one exchange used, as the upstream counted them. Absent numbers are unknown, which is not 0. */
export interface Usage {
  readonly inputTokens?: number;
  readonly outputTokens?: number;
  readonly totalTokens?: number;
  /** The part of `inputTokens` that the provider read from its prompt cache. */
  readonly cachedInputTokens?: number;
  /** The part of `inputTokens` that the provider wrote to its prompt cache. */
  readonly cacheWriteTokens?: number;
  /** The part of `outputTokens` that was spent on reasoning. */
  readonly reasoningTokens?: number;
  /** The part of `inputTokens` that was audio, and that of `outputTokens`. */
  readonly audioInputTokens?: number;
  readonly audioOutputTokens?: number;
}
