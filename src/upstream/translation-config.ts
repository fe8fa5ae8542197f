import { z } from 'zod';
import { CHAT_FEATURE_NAMES, CHAT_FEATURES, type ChatFeature } from '../operations/chat-features.ts';

const mode = z.enum(['warn', 'drop', 'reject']);

/** What is done about that which a target's dialect has no word for. */
export const translationConfig = z.strictObject({
  settings: mode
    .default('warn')
    .describe(
      'Settings that the target knows nothing of (a seed, a penalty): `warn` leaves them out and says so in `x-gatehouse-dropped` and the log, `drop` says so in the header alone, `reject` refuses the request or asks another target.',
    ),
  content: mode
    .default('reject')
    .describe('Likewise for what the answer would not be the same without: images, files, tools, several choices.'),
  features: z
    .partialRecord(z.enum([...CHAT_FEATURE_NAMES, 'unread']), mode)
    .default({})
    .describe('Otherwise for single features, as `GET /capabilities` names them; `unread` are fields that no other dialect has.'),
});
export type TranslationConfig = z.output<typeof translationConfig>;
export type LossMode = z.output<typeof mode>;

/** What the configuration says about a loss: the name of a feature, or `field:<path>`. */
export function lossMode(config: TranslationConfig, name: string): LossMode {
  if (name.startsWith('field:')) return config.features['unread'] ?? config.settings;
  const feature = name as ChatFeature;
  return config.features[feature] ?? config[CHAT_FEATURES[feature].weight === 'content' ? 'content' : 'settings'];
}
