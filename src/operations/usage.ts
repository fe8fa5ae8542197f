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
  /** The parts of `inputTokens` and `outputTokens` that are sound or pictures, which have prices of their own. */
  readonly audioInputTokens?: number;
  readonly audioOutputTokens?: number;
  readonly imageInputTokens?: number;
  readonly imageOutputTokens?: number;
  /** Length of the recording that was listened to, where that is what is paid for. */
  readonly audioInputSeconds?: number;
  /** Characters that were spoken, where that is what is paid for. */
  readonly inputCharacters?: number;
  /** Pictures that were made. */
  readonly images?: number;
}
