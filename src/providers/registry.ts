import { anthropic } from './anthropic.ts';
import { maxServe } from './max-serve.ts';
import { ollama } from './ollama.ts';
import { openai } from './openai.ts';
import { openaiCompatible } from './openai-compatible.ts';
import type { ProviderDefinition } from './provider.ts';
import { simulator } from './simulator.ts';
import { vllm } from './vllm.ts';

/** Every kind of provider there is. To add one: its file, and a line here. */
export const PROVIDERS: readonly ProviderDefinition[] = [openai, anthropic, vllm, maxServe, ollama, simulator, openaiCompatible];

export const PROVIDERS_BY_NAME: ReadonlyMap<string, ProviderDefinition> = new Map(
  PROVIDERS.map((definition) => [definition.name, definition]),
);
