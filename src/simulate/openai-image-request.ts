/** What an image request asks for, whether it came as JSON or as a form, with the limits and the wording of OpenAI's API reference. */
import { type JsonObject, shownAs } from './json-instance.ts';
import { readCount, readWord, refuse } from './openai-request.ts';
import { PICTURE_EDGE_MAX, PICTURE_FORMATS, type PictureFormat, type PictureSize } from './picture.ts';

export const QUALITIES = ['low', 'medium', 'high'] as const;
export type Quality = (typeof QUALITIES)[number];

export interface ImageRequest {
  readonly prompt: string;
  readonly count: number;
  readonly size: PictureSize;
  readonly quality: Quality;
  readonly background: 'transparent' | 'opaque';
  readonly format: PictureFormat;
  /** In the reply, or as an address where it is found. */
  readonly carriage: 'b64_json' | 'url';
  /** One of the older models, whose replies have neither usage nor settings. */
  readonly isLegacy: boolean;
  /** The one model that tells what it made of the prompt. */
  readonly isRevised: boolean;
  readonly stream: boolean;
  /** Pictures sent before the last one. */
  readonly partials: number;
}

/** The reference names no default any more; this is the oldest model of the family that it still serves. */
export const IMAGE_MODEL_DEFAULT = 'gpt-image-1.5';
const PROMPT_CHARS_MAX = 32_000;
const COUNT_MAX = 10;
const PARTIALS_MAX = 3;
const EDGE_MIN = 16;

/** Throws RequestRefused. */
export function readImageRequest(body: JsonObject, model: string): ImageRequest {
  const count = readCount(body, 'n') ?? 1;
  if (count > COUNT_MAX)
    refuse(`Invalid 'n': integer above maximum value. Expected a value <= ${COUNT_MAX}.`, 'n', 'integer_above_max_value');
  const partials = readCount(body, 'partial_images', 0) ?? 0;
  if (partials > PARTIALS_MAX) {
    refuse(
      `Invalid 'partial_images': integer above maximum value. Expected a value <= ${PARTIALS_MAX}.`,
      'partial_images',
      'integer_above_max_value',
    );
  }
  const isLegacy = model.startsWith('dall-e');
  return {
    prompt: readPrompt(body),
    count,
    size: readSize(body['size']),
    quality: QUALITIES.find((quality) => quality === body['quality']) ?? (body['quality'] === 'hd' ? 'high' : 'medium'),
    background: body['background'] === 'transparent' ? 'transparent' : 'opaque',
    format: readWord(body, 'output_format', PICTURE_FORMATS) ?? 'png',
    carriage: readCarriage(body, model, isLegacy),
    isLegacy,
    isRevised: model.startsWith('dall-e-3'),
    stream: body['stream'] === true,
    partials,
  };
}

function readPrompt(body: JsonObject): string {
  const { prompt } = body;
  if (prompt === undefined || prompt === '') return refuse("Missing required parameter: 'prompt'.", 'prompt', 'missing_required_parameter');
  if (typeof prompt !== 'string') return refuse("Invalid type for 'prompt': expected a string.", 'prompt', 'invalid_type');
  if (prompt.length > PROMPT_CHARS_MAX) {
    const message = `Invalid 'prompt': string too long. Expected a string with maximum length ${PROMPT_CHARS_MAX}, but got a string with length ${prompt.length} instead.`;
    return refuse(message, 'prompt', 'string_above_max_length');
  }
  return prompt;
}

function readSize(size: unknown): PictureSize {
  if (size === undefined || size === null || size === 'auto') return { width: 1_024, height: 1_024 };
  const [, width = 0, height = 0] = (/^(\d{1,5})x(\d{1,5})$/.exec(shownAs(size)) ?? []).map(Number);
  const isEdge = (edge: number) => edge >= EDGE_MIN && edge <= PICTURE_EDGE_MAX;
  if (!isEdge(width) || !isEdge(height)) {
    return refuse(
      `Invalid value: '${shownAs(size).slice(0, 40)}'. Supported values are: '1024x1024', '1024x1536', '1536x1024', and 'auto'.`,
      'size',
      'invalid_value',
    );
  }
  return { width, height };
}

function readCarriage(body: JsonObject, model: string, isLegacy: boolean): ImageRequest['carriage'] {
  const asked = readWord(body, 'response_format', ['url', 'b64_json']);
  if (asked !== undefined && /^(gpt-image|chatgpt-image)/.test(model)) {
    return refuse("Unknown parameter: 'response_format'.", 'response_format', 'unknown_parameter');
  }
  return asked ?? (isLegacy ? 'url' : 'b64_json');
}
