import { z } from 'zod';

/** The older gateways, each a file in `presets/`. */
export const PRESETS = ['stillme', 'ai-microservices', 'ai-platform', 'inference-lab', 'aivillage'] as const;

export const presetConfig = z
  .enum(PRESETS)
  .optional()
  .describe('An older gateway to begin with: its port, limits, services and keys are then the defaults that everything else lies over.');
