/* Models that the documentation may name, so that its examples can be tried as they are. */

export interface ExampleModels {
  readonly chat: string;
  readonly embed: string;
  /** Absent where no name tells it. */
  readonly rerank?: string;
}

/** Names that requests of this configuration can use, as far as the names themselves tell. */
export function exampleModels(names: readonly string[]): ExampleModels {
  const isEmbedding = (name: string) => /embed/i.test(name);
  const isReranker = (name: string) => /rerank/i.test(name);
  const chat = names.find((name) => !isEmbedding(name) && !isReranker(name)) ?? names[0] ?? 'sim-1';
  const rerank = names.find(isReranker);
  return { chat, embed: names.find(isEmbedding) ?? chat, ...(rerank === undefined ? {} : { rerank }) };
}
