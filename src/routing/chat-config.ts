import { z } from 'zod';

/** The chats of the older gateways: `POST /v1/chat` and `POST /api/chat`. */
export const chatConfig = z.strictObject({
  default_model: z
    .string()
    .min(1)
    .max(256)
    .optional()
    .describe(
      'Model for a chat that names none: a name from `models`, an alias, `provider/model`, or a name that a provider takes. Default: `llama-3.3-8b-instruct` where that is configured, else the first model that is, else the first that a provider says it has.',
    ),
});
export type ChatConfig = z.output<typeof chatConfig>;
