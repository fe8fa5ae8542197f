import { z } from 'zod';
import { CAPABILITIES } from './capabilities.ts';

const dollars = z.number().min(0).max(1_000_000);
const tokens = z.int().min(1).max(1_000_000_000);

/** Rates that a request of some size may change. */
const rates = {
  input: dollars.optional().describe('Input tokens.'),
  cached_input: dollars.optional().describe('Input tokens read from the prompt cache. Default: as `input`.'),
  cache_write: dollars.optional().describe('Input tokens written to the prompt cache. Default: as `input`.'),
  output: dollars.optional().describe('Output tokens.'),
  reasoning: dollars.optional().describe('Output tokens spent on reasoning. Default: as `output`.'),
  input_audio: dollars.optional().describe('Input tokens that are audio. Default: as `input`.'),
  output_audio: dollars.optional().describe('Output tokens that are audio. Default: as `output`.'),
};

const tierConfig = z.strictObject({
  above: tokens.describe('More input tokens than this: then these prices hold for the whole request. 1 to 1,000,000,000.'),
  ...rates,
});
export type TierConfig = z.output<typeof tierConfig>;

const pricesConfig = z.strictObject({
  ...rates,
  per_request: dollars.optional().describe('US dollars for each request, beside its tokens.'),
  tiers: z.array(tierConfig).max(10).default([]).describe('Other prices for large requests. What a tier leaves out stays as it is.'),
});
export type PricesConfig = z.output<typeof pricesConfig>;

const capability = (meaning: string) => z.boolean().optional().describe(meaning);

const catalogModelConfig = z.strictObject({
  same_as: z
    .string()
    .min(1)
    .max(256)
    .optional()
    .describe(
      'A known model that this one is: `gpt-4o`, or `LIST/MODEL` with one of the price lists that `gatehouse models` shows (`azure/gpt-4o`). What stands beside it is changed.',
    ),
  context_window: tokens.optional().describe('Tokens of request and answer together. 1 to 1,000,000,000.'),
  max_output_tokens: tokens.optional().describe('Most tokens of an answer. 1 to 1,000,000,000.'),
  embedding_dimensions: z.int().min(1).max(1_000_000).optional().describe('Length of an embedding. 1 to 1,000,000.'),
  prices: pricesConfig
    .optional()
    .describe(
      'US dollars for a million tokens, 0 to 1,000,000. They take the place of all known prices of the model; what is left out is unknown, not free. 0 is free.',
    ),
  capabilities: z
    .strictObject({
      vision: capability(CAPABILITIES.vision),
      audio_input: capability(CAPABILITIES.audio_input),
      video_input: capability(CAPABILITIES.video_input),
      file_input: capability(CAPABILITIES.file_input),
      image_output: capability(CAPABILITIES.image_output),
      audio_output: capability(CAPABILITIES.audio_output),
      tools: capability(CAPABILITIES.tools),
      reasoning: capability(CAPABILITIES.reasoning),
      structured_output: capability(CAPABILITIES.structured_output),
    })
    .optional()
    .describe('What it can do; what is left out stays as it is known.'),
  deprecated: z.boolean().optional().describe('Its provider will take it away.'),
});
export type CatalogModelConfig = z.output<typeof catalogModelConfig>;

/** What is known of models, beyond and instead of what the gateway came with. */
export const catalogConfig = z.strictObject({
  models: z
    .record(z.string().min(1).max(256), catalogModelConfig)
    .default({})
    .describe(
      'Models by the name that their provider has for them, as `PROVIDER/MODEL` (an entry of `providers`) or `MODEL`, either with `*`: `azure/prod-*`. A whole name wins over one with `*`, `PROVIDER/MODEL` over `MODEL`, the earlier over the later.',
    ),
});
export type CatalogConfig = z.output<typeof catalogConfig>;
