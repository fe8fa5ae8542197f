import { z } from 'zod';
import { upstreamOverrides } from '../upstream/upstream-config.ts';

const targetConfig = z.strictObject({
  provider: z.string().min(1).describe('Name of an entry in `providers`.'),
  model: z.string().min(1).max(256).optional().describe("The model as the provider names it. Default: this entry's own name."),
  weight: z.number().min(0.001).max(1_000_000).default(1).describe('Share of the traffic among the targets of the same priority.'),
  priority: z.int().min(0).max(100).default(0).describe('0 is tried first; higher numbers are fallback tiers.'),
});
export type TargetConfig = z.output<typeof targetConfig>;

const modelConfig = z.strictObject({
  targets: z.array(targetConfig).min(1).max(100).describe('Who answers for this model.'),
  aliases: z.array(z.string().min(1).max(256)).max(100).default([]).describe('Further names of this model.'),
  retry_content_policy: z
    .boolean()
    .default(false)
    .describe('Try the next target when one refuses for its content policy. Off: the refusal is the answer.'),
  first_token_timeout: upstreamOverrides.first_token_timeout,
  idle_timeout: upstreamOverrides.idle_timeout,
  total_timeout: upstreamOverrides.total_timeout,
});
export type ModelConfig = z.output<typeof modelConfig>;

export const modelsConfig = z.record(z.string().min(1).max(256), modelConfig).default({}).describe('Models by the name that callers use.');
export type ModelsConfig = z.output<typeof modelsConfig>;
