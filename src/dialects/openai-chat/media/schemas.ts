/*
 * What the routes of pictures, sound and moderation take and answer, as published in /openapi.json. Nothing is validated with these: bodies and replies pass.
 * Source: platform.openai.com/docs/api-reference (images, audio, moderations).
 */

import { z } from 'zod';

const optional = <Schema extends z.ZodType>(schema: Schema) => schema.nullable().optional();
const count = z.int().min(0);
const model = z.string().min(1).max(256).describe('A name from `GET /v1/models`, an alias, or `provider/model`.');
const stream = optional(z.boolean()).describe('Answer as server-sent events, where the model can.');
const n = optional(z.int().min(1)).describe('How many pictures.');
const user = optional(z.string()).describe('Your own id of the end user.');
const prompt = z.string().describe('What is to be seen.');
const file = z.string().describe('A file.');

/** In a form, numbers and booleans are written out. */
const written = z.string().optional();

export const imageRequest = z
  .looseObject({
    model: optional(model).describe('Default: `dall-e-2`, as the API has it.'),
    prompt,
    n,
    size: optional(z.string()),
    stream,
    partial_images: optional(count).describe('How often a stream shows the picture in the making. 0 to 3.'),
    user,
  })
  .meta({ id: 'ImageRequest' });

export const imageEditRequest = z
  .looseObject({
    model: optional(model),
    prompt,
    images: z.array(z.looseObject({})).describe('Pictures, by address or by id of a file.'),
    n,
    stream,
    user,
  })
  .meta({ id: 'ImageEditRequest' });

export const imageEditForm = z
  .looseObject({ model: written, prompt, image: file, mask: file.optional(), n: written, stream: written, user: written })
  .meta({ id: 'ImageEditForm' });

export const imageVariationForm = z
  .looseObject({ model: written, image: file, n: written, size: written, user: written })
  .meta({ id: 'ImageVariationForm' });

const mediaUsage = z.looseObject({
  type: z.string().optional().describe('`tokens` or `duration`.'),
  input_tokens: count.optional(),
  output_tokens: count.optional(),
  total_tokens: count.optional(),
  seconds: z.number().min(0).optional(),
});

export const imageReply = z
  .looseObject({
    created: z.int(),
    data: z.array(z.looseObject({ b64_json: z.string().optional(), url: z.string().optional() })),
    usage: mediaUsage.nullable().optional(),
  })
  .meta({ id: 'ImageReply' });

export const imageEvent = z
  .looseObject({
    type: z.string().describe('`image_generation.partial_image`, `image_generation.completed`, …'),
    usage: mediaUsage.optional(),
  })
  .meta({ id: 'ImageEvent' });

export const speechRequest = z
  .looseObject({
    model,
    input: z.string().describe('What is to be said.'),
    voice: z.unknown().describe('Whose voice.'),
    response_format: optional(z.string()).describe('`mp3`, `opus`, `aac`, `flac`, `wav` or `pcm`.'),
    stream_format: optional(z.string()).describe('`audio`: the file as it comes; `sse`: events.'),
  })
  .meta({ id: 'SpeechRequest' });

export const speechEvent = z
  .looseObject({ type: z.string(), audio: z.string().optional(), usage: mediaUsage.optional() })
  .meta({ id: 'SpeechEvent' });

export const transcriptionForm = z
  .looseObject({
    model,
    file,
    language: written,
    prompt: written,
    response_format: written.describe('`json`, `verbose_json`, `text`, `srt` or `vtt`.'),
    stream: written,
  })
  .meta({ id: 'TranscriptionForm' });

export const transcriptionReply = z
  .looseObject({ text: z.string(), usage: mediaUsage.nullable().optional() })
  .meta({ id: 'Transcription' });

export const transcriptionEvent = z
  .looseObject({ type: z.string().describe('`transcript.text.delta`, `transcript.text.done`, …'), usage: mediaUsage.optional() })
  .meta({ id: 'TranscriptionEvent' });

export const moderationRequest = z
  .looseObject({
    model: optional(model).describe('Default: `omni-moderation-latest`, as the API has it.'),
    input: z.union([z.string(), z.array(z.unknown())]).describe('A text, texts, or parts with text and images.'),
  })
  .meta({ id: 'ModerationRequest' });

export const moderationReply = z
  .looseObject({ id: z.string(), model: z.string(), results: z.array(z.looseObject({ flagged: z.boolean() })) })
  .meta({ id: 'ModerationReply' });
