/**
 * `POST /v1/images/generations`, `/v1/images/edits` and `/v1/images/variations`, whole and streamed, and `GET /v1/images/content/{name}`,
 * where the addresses lead that a reply may give in place of the pictures. For the pace, a picture is one token.
 */
import { type Script, streamReply, type Whole, wholeReply } from './delivery.ts';
import { FAILURE_IN_BAND, failureBody, insteadOfAnswer } from './failures.ts';
import type { Faults } from './faults.ts';
import { type Form, readForm } from './form.ts';
import { readJson } from './json-body.ts';
import type { JsonObject } from './json-instance.ts';
import { namedEvent } from './named-events.ts';
import { IMAGE_MODEL_DEFAULT, type ImageRequest, type Quality, readImageRequest } from './openai-image-request.ts';
import { modelUnknown, RequestRefused, refuse } from './openai-request.ts';
import { CREATED, type ImageEvent, type ImageReply, type ImageUsage, JSON_HEADERS, SSE_HEADERS } from './openai-shapes.ts';
import { PICTURE_EDGE_MAX, PICTURE_FORMATS, type PictureSize, picture, pictureSize } from './picture.ts';
import { estimateTokens, hash, hashDigits } from './text.ts';
import { askedModel, faultsOf, isServed, seedOf, type Visit } from './visit.ts';

/** Throws RequestRefused; rejects when the client leaves. */
export function imageGenerations(body: JsonObject, visit: Visit): Promise<Response> {
  return imageReply({ kind: 'image_generation', body, inputs: [] }, visit);
}

/** As a form with the pictures in it, or as JSON that names them. Throws RequestRefused; rejects when the client leaves. */
export async function imageEdits(visit: Visit): Promise<Response> {
  if (/^application\/json\b/i.test(visit.request.headers.get('content-type') ?? '')) {
    const body = await readJson(visit);
    const { images } = body;
    if (!Array.isArray(images) || images.length === 0) {
      return refuse("Missing required parameter: 'images'.", 'images', 'missing_required_parameter');
    }
    return imageReply(
      { kind: 'image_edit', body, inputs: images.map((image) => ({ name: JSON.stringify(image), size: SIZE_UNSEEN })) },
      visit,
    );
  }
  const form = await readForm(visit, { ...FORM_RULES, filesMax: INPUTS_MAX + 1 });
  return imageReply({ kind: 'image_edit', body: form.fields, inputs: await inputsOf(form) }, visit);
}

/** Throws RequestRefused; rejects when the client leaves. */
export async function imageVariations(visit: Visit): Promise<Response> {
  const form = await readForm(visit, FORM_RULES);
  const inputs = await inputsOf(form);
  const body = { model: 'dall-e-2', ...form.fields, prompt: `variation of ${inputs[0]?.name ?? ''}` };
  return imageReply({ kind: 'image_edit', body, inputs }, visit);
}

/** The picture of a name that we gave out, drawn anew. Throws RequestRefused. */
export async function imageContent(visit: Visit): Promise<Response> {
  const faults = faultsOf(visit);
  const failed = await insteadOfAnswer(faults, visit);
  if (failed !== undefined) return failed;
  const [, key = '', width, height, extension] = CONTENT_PATH.exec(visit.path) ?? [];
  const size = { width: Number(width), height: Number(height) };
  const format = PICTURE_FORMATS.find((known) => known === extension);
  const isEdge = (edge: number) => edge >= 1 && edge <= PICTURE_EDGE_MAX;
  if (format === undefined || !isEdge(size.width) || !isEdge(size.height)) {
    throw new RequestRefused({ status: 404, message: `Invalid URL (${visit.request.method} ${visit.path})` });
  }
  const body = new Uint8Array(await picture(key, size, { format }));
  const failure = failureBody(FAILURE_IN_BAND, 'openai');
  return wholeReply({ headers: { 'content-type': `image/${format}` }, seed: 1, tokenCount: 0, body, failure }, faults, visit);
}

const CONTENT_PATH = /^\/v1\/images\/content\/([0-9a-f]{32})-(\d{1,4})x(\d{1,4})\.(\w+)$/;
const INPUTS_MAX = 16;
const FORM_RULES = {
  fileBytesMax: 52_428_800,
  bytesMax: 104_857_600,
  numbers: ['n', 'partial_images', 'output_compression'],
  booleans: ['stream'],
};
/** Of a picture that is only named. */
const SIZE_UNSEEN: PictureSize = { width: 1_024, height: 1_024 };

interface Input {
  /** What tells it from another. */
  readonly name: string;
  readonly size: PictureSize;
}

interface Asked {
  readonly kind: 'image_generation' | 'image_edit';
  readonly body: JsonObject;
  readonly inputs: readonly Input[];
}

/** Throws RequestRefused. */
async function inputsOf(form: Form): Promise<readonly Input[]> {
  const images = form.files.get('image') ?? [];
  if (images.length === 0) return refuse("Missing required parameter: 'image'.", 'image', 'missing_required_parameter');
  if (images.length > INPUTS_MAX) return refuse(`Invalid 'image': at most ${INPUTS_MAX} images.`, 'image', 'array_above_max_length');
  const inputs: Input[] = [];
  for (const [index, file] of [...images, ...(form.files.get('mask') ?? [])].entries()) {
    const size = await pictureSize(file.bytes);
    if (size === undefined) {
      return refuse(`Invalid image file or mode for image ${index + 1}, please check your image file.`, 'image', 'invalid_image_file');
    }
    inputs.push({ name: Bun.SHA256.hash(file.bytes, 'hex'), size });
  }
  return inputs;
}

async function imageReply(asked: Asked, visit: Visit): Promise<Response> {
  const model = asked.body['model'] ?? IMAGE_MODEL_DEFAULT;
  if (typeof model !== 'string') return refuse("Invalid type for 'model': expected a string.", 'model', 'invalid_type');
  const { name, faults } = askedModel(visit, model);
  if (!isServed(visit.world.options, name)) throw modelUnknown(name);
  const request = readImageRequest(asked.body, name);
  const usage = usageOf(request, asked.inputs);
  const failed = await insteadOfAnswer(faults, visit, usage.input_tokens);
  if (failed !== undefined) return failed;
  if (faults.refusal === true) throw new RequestRefused(REFUSAL);

  const seed = seedOf(visit, faults);
  const about = [name, asked.kind, request.prompt, ...asked.inputs.map((input) => input.name)].join('\n');
  const keys = Array.from({ length: request.count }, (_, index) => hashDigits(`${index}\n${about}`, seed, 32));
  const drawn = { request, usage, keys, kind: asked.kind, seed: hash(about, seed) };
  if (request.stream) return streamReply(await imageScript(drawn, faults), faults, visit);
  return wholeReply(await imageWhole(drawn, faults, new URL(visit.request.url).origin), faults, visit);
}

/** As OpenAI words it for images, where no model could say so itself. */
const REFUSAL = {
  status: 400,
  message: 'Your request was rejected by the safety system.',
  type: 'image_generation_user_error',
  code: 'moderation_blocked',
};

interface Drawn {
  readonly kind: Asked['kind'];
  readonly request: ImageRequest;
  readonly usage: ImageUsage;
  /** What each picture follows from. */
  readonly keys: readonly string[];
  readonly seed: number;
}

async function imageWhole({ request, usage, keys, seed }: Drawn, faults: Faults, origin: string): Promise<Whole> {
  const { format, size, isLegacy } = request;
  const data: ImageReply['data'] = [];
  for (const key of keys) {
    const extra = request.isRevised ? { revised_prompt: request.prompt } : {};
    if (request.carriage === 'url') data.push({ ...extra, url: `${origin}/v1/images/content/${key}-${sizeName(size)}.${format}` });
    else data.push({ ...extra, b64_json: (await picture(key, size, { format })).toString('base64') });
  }
  const { background, quality } = request;
  const settings = isLegacy ? {} : { background, output_format: format, quality, size: sizeName(size) };
  const reply: ImageReply = { created: CREATED, ...settings, data, ...(isLegacy || faults.noUsage ? {} : { usage }) };
  const failure = failureBody(FAILURE_IN_BAND, 'openai');
  return { headers: JSON_HEADERS, seed, tokenCount: keys.length, body: JSON.stringify(reply), failure };
}

/** Partial pictures, each with more of the squares, and then the whole one; so for every picture asked for. */
async function imageScript({ kind, request, usage, keys, seed }: Drawn, faults: Faults): Promise<Script> {
  const { background, quality, format, size, partials } = request;
  const settings = { background, created_at: CREATED, output_format: format, quality, size: sizeName(size) };
  const events: string[] = [];
  const partial = (b64_json: string, index: number) => {
    const event: ImageEvent = { type: `${kind}.partial_image`, b64_json, partial_image_index: index, ...settings };
    return namedEvent(event);
  };
  for (const key of keys) {
    for (let index = 0; index < partials; index += 1) {
      const image = await picture(key, size, { format, detail: (index + 1) / (partials + 1) });
      events.push(partial(image.toString('base64'), index));
    }
    const image = await picture(key, size, { format });
    const usageTold = faults.noUsage ? {} : { usage };
    const completed: ImageEvent = { type: `${kind}.completed`, b64_json: image.toString('base64'), ...settings, ...usageTold };
    events.push(namedEvent(completed));
  }
  // The completed picture is the terminal event: left out with it.
  if (faults.noDone) events.pop();
  return {
    headers: SSE_HEADERS,
    seed,
    opening: '',
    tokenCount: events.length,
    event: (index) => events[index] ?? '',
    closing: '',
    malformed: `event: ${kind}.partial_image\ndata: {"type":"${kind}.partial_image","b64_json":"bro\n\n`,
    failure: `event: error\ndata: ${JSON.stringify({ type: 'error', error: FAILURE_SAID })}\n\n`,
    huge: (contentBytes) => partial('A'.repeat(contentBytes), 0),
  };
}

const FAILURE_SAID = { type: FAILURE_IN_BAND.type, code: FAILURE_IN_BAND.code, message: FAILURE_IN_BAND.message, param: null };

/** Output tokens of one picture, as OpenAI's guide to images has them for the first of these models. */
const PICTURE_TOKENS: Readonly<Record<Quality, { readonly square: number; readonly portrait: number; readonly landscape: number }>> = {
  low: { square: 272, portrait: 408, landscape: 400 },
  medium: { square: 1_056, portrait: 1_584, landscape: 1_568 },
  high: { square: 4_160, portrait: 6_240, landscape: 6_208 },
};

function usageOf(request: ImageRequest, inputs: readonly Input[]): ImageUsage {
  const { width, height } = request.size;
  const shape = width === height ? 'square' : width < height ? 'portrait' : 'landscape';
  const output = PICTURE_TOKENS[request.quality][shape] * request.count;
  const text = estimateTokens(request.prompt);
  // A tile of 512 pixels is 129 tokens, and the picture itself 65.
  const image = inputs.reduce((total, { size }) => total + 65 + 129 * Math.ceil(size.width / 512) * Math.ceil(size.height / 512), 0);
  return {
    input_tokens: text + image,
    input_tokens_details: { image_tokens: image, text_tokens: text },
    output_tokens: output,
    output_tokens_details: { image_tokens: output, text_tokens: 0 },
    total_tokens: text + image + output,
  };
}

function sizeName({ width, height }: PictureSize): string {
  return `${width}x${height}`;
}
