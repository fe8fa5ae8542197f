/* Models that the documentation may name, so that its examples can be tried as they are. */

export interface ExampleModels {
  readonly chat: string;
  readonly embed: string;
}

/** Names that requests of this configuration can use, as far as the names themselves tell. */
export function exampleModels(names: readonly string[]): ExampleModels {
  const isEmbedding = (name: string) => /embed/i.test(name);
  const chat = names.find((name) => !isEmbedding(name)) ?? names[0] ?? 'sim-1';
  return { chat, embed: names.find(isEmbedding) ?? chat };
}
