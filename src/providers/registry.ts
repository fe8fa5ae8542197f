import { anthropic } from './anthropic.ts';
import { awsBedrock } from './aws-bedrock.ts';
import { azureOpenai } from './azure-openai.ts';
import { cerebras } from './cerebras.ts';
import { cloudflare } from './cloudflare.ts';
import { cohere } from './cohere.ts';
import { databricks } from './databricks.ts';
import { deepseek } from './deepseek.ts';
import { fireworks } from './fireworks.ts';
import { googleAiStudio } from './google-ai-studio.ts';
import { groq } from './groq.ts';
import { huggingface } from './huggingface.ts';
import { jina } from './jina.ts';
import { llamaCpp } from './llama-cpp.ts';
import { lmStudio } from './lm-studio.ts';
import { maxServe } from './max-serve.ts';
import { mistral } from './mistral.ts';
import { nvidiaNim } from './nvidia-nim.ts';
import { ollama } from './ollama.ts';
import { openai } from './openai.ts';
import { custom, openaiCompatible } from './openai-compatible.ts';
import { openrouter } from './openrouter.ts';
import { perplexity } from './perplexity.ts';
import type { ProviderDefinition } from './provider.ts';
import { sambanova } from './sambanova.ts';
import { sglang } from './sglang.ts';
import { simulator } from './simulator.ts';
import { tei } from './tei.ts';
import { tgi } from './tgi.ts';
import { together } from './together.ts';
import { vertexAi } from './vertex-ai.ts';
import { vllm } from './vllm.ts';
import { voyage } from './voyage.ts';
import { xai } from './xai.ts';

/** Every kind of provider there is. To add one: its file, and a line here. */
export const PROVIDERS: readonly ProviderDefinition[] = [
  openai,
  anthropic,
  azureOpenai,
  googleAiStudio,
  vertexAi,
  awsBedrock,
  mistral,
  groq,
  deepseek,
  xai,
  together,
  fireworks,
  openrouter,
  perplexity,
  cerebras,
  sambanova,
  nvidiaNim,
  huggingface,
  cloudflare,
  databricks,
  cohere,
  voyage,
  jina,
  vllm,
  sglang,
  llamaCpp,
  lmStudio,
  tgi,
  tei,
  maxServe,
  ollama,
  simulator,
  openaiCompatible,
  custom,
];

export const PROVIDERS_BY_NAME: ReadonlyMap<string, ProviderDefinition> = new Map(
  PROVIDERS.map((definition) => [definition.name, definition]),
);
