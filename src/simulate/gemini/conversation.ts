/** The turns of a Gemini request: what was said, and the rules that turns keep. */
import { isObject, type JsonObject } from '../json-instance.ts';
import { openSeal } from '../seal.ts';
import { estimateTokens } from '../text.ts';
import { refuseField, refuseGemini } from './proto.ts';

/** What was said, as the simulated model hears it. */
export interface Heard {
  /** All of it as one text. */
  readonly conversation: string;
  /** What the user said last; empty when a function's response came last. */
  readonly lastUserText: string;
  readonly textTokens: number;
  /** Tokens of pictures, sound and files, by their modality. */
  readonly media: ReadonlyMap<string, number>;
}

/** What a picture costs, and what any other file is taken to cost. */
const MEDIA_TOKENS = 258;

/** Throws RequestRefused. `message` is whose field the contents are. */
export function hear(body: JsonObject, message: string): Heard {
  const contents = listOf(body['contents']);
  if (contents.length === 0) refuseField(`${message}.contents`, 'contents is not specified');
  const turns = contents.map((content, index) => {
    const role = content['role'] ?? 'user';
    if (role !== 'user' && role !== 'model' && role !== 'function') refuseGemini('Please use a valid role: user, model.');
    const parts = listOf(content['parts']);
    if (parts.length === 0) refuseField(`${message}.contents[${index}].parts`, 'contents.parts must not be empty.');
    for (const [position, part] of parts.entries()) checkPart(part, `${message}.contents[${index}].parts[${position}]`);
    return { role: role === 'function' ? 'user' : role, parts };
  });
  checkFunctionTurns(turns);

  const system = listOf(isObject(body['systemInstruction']) ? body['systemInstruction']['parts'] : undefined);
  const said = [{ role: 'system', parts: system }, ...turns].filter(({ parts }) => parts.length > 0);
  const conversation = said.map(({ role, parts }) => `${role}\n${parts.map(textOf).join('')}`).join('\n');
  const last = turns.at(-1);
  const isAnswered = last?.parts.some((part) => 'functionResponse' in part) === true;
  return {
    conversation,
    lastUserText: last?.role === 'user' && !isAnswered ? last.parts.map((part) => stringOf(part['text'])).join('\n') : '',
    textTokens: said.reduce((total, { parts }) => total + 1 + estimateTokens(parts.map(textOf).join('')), 0),
    media: mediaOf(said.flatMap(({ parts }) => parts)),
  };
}

/** A list of messages as the reader leaves it. */
export function listOf(value: unknown): readonly JsonObject[] {
  return Array.isArray(value) ? value.filter(isObject) : [];
}

function stringOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** Thoughts are not read again, and signatures are nobody's words. */
function textOf(part: JsonObject): string {
  if (part['thought'] === true) return '';
  const { thoughtSignature: _, inlineData, text, ...rest } = part;
  const media = isObject(inlineData) ? `[${stringOf(inlineData['mimeType'])}]` : '';
  return stringOf(text) + media + (Object.keys(rest).length === 0 ? '' : JSON.stringify(rest));
}

const DATA = [
  'text',
  'inlineData',
  'fileData',
  'functionCall',
  'functionResponse',
  'executableCode',
  'codeExecutionResult',
  'toolCall',
  'toolResponse',
];

function checkPart(part: JsonObject, place: string): void {
  if (!DATA.some((name) => name in part)) refuseField(`${place}.data`, "required oneof field 'data' must have one initialized field");
  const { inlineData, fileData, functionCall, functionResponse } = part;
  if (isObject(inlineData) && stringOf(inlineData['mimeType']) === '')
    refuseField(`${place}.inline_data.mime_type`, 'mime_type must be set.');
  if (isObject(fileData) && stringOf(fileData['fileUri']) === '') refuseField(`${place}.file_data.file_uri`, 'file_uri must be set.');
  if (isObject(functionCall) && stringOf(functionCall['name']) === '') refuseField(`${place}.function_call.name`, 'Name cannot be empty.');
  if (isObject(functionResponse) && stringOf(functionResponse['name']) === '') {
    refuseField(`${place}.function_response.name`, 'Name cannot be empty.');
  }
}

interface Turn {
  readonly role: string;
  readonly parts: readonly JsonObject[];
}

function checkFunctionTurns(turns: readonly Turn[]): void {
  for (const [index, { role, parts }] of turns.entries()) {
    const responses = count(parts, 'functionResponse');
    const before = turns[index - 1];
    const calls = before?.role === 'model' ? count(before.parts, 'functionCall') : 0;
    if (role === 'model' && count(parts, 'functionCall') > 0 && before?.role !== 'user') {
      refuseGemini('Please ensure that function call turn comes immediately after a user turn or after a function response turn.');
    }
    if (responses > 0 && calls === 0) {
      refuseGemini('Please ensure that function response turn comes immediately after a function call turn.');
    }
    if (responses !== calls) {
      refuseGemini(
        'Please ensure that the number of function response parts is equal to the number of function call parts of the function call turn.',
      );
    }
  }
}

function count(parts: readonly JsonObject[], name: string): number {
  return parts.filter((part) => name in part).length;
}

/** What clients may send in place of a signature they never had, as Google's guide to thought signatures has it. */
const STAND_INS = new Set(['skip_thought_signature_validator', 'context_engineering_is_the_way_to_go']);

/**
 * Signatures come back as they were given. Where the model demands one, the first call of each step since the user last spoke
 * has it. Throws RequestRefused.
 */
export function checkSignatures(contents: unknown, isDemanded: boolean): void {
  const turns = listOf(contents);
  const spoken = turns.findLastIndex(({ role, parts }) => role !== 'model' && listOf(parts).some((part) => 'text' in part));
  for (const [index, { role, parts }] of turns.entries()) {
    for (const { thoughtSignature } of listOf(parts)) {
      const signature = stringOf(thoughtSignature);
      if (signature !== '' && openSeal('thought', padded(signature)) === undefined && !STAND_INS.has(signature))
        refuseGemini('Corrupted thought signature.');
    }
    const call = role === 'model' && index > spoken ? listOf(parts).find((part) => 'functionCall' in part) : undefined;
    if (isDemanded && call !== undefined && stringOf(call['thoughtSignature']) === '') {
      const name = isObject(call['functionCall']) ? stringOf(call['functionCall']['name']) : '';
      refuseGemini(
        `Function call is missing a thought_signature in functionCall parts. This is required for tools to work correctly, and missing thought_signature may lead to degraded model performance. Additional data, function call \`default_api:${name}\` , position ${index + 1}. Please refer to https://ai.google.dev/gemini-api/docs/thought-signatures for more details.`,
      );
    }
  }
}

/** Bytes travel in either alphabet, padded or not. */
function padded(base64: string): string {
  return Buffer.from(base64, 'base64').toString('base64');
}

const MODALITIES: readonly (readonly [RegExp, string])[] = [
  [/^image\//, 'IMAGE'],
  [/^video\//, 'VIDEO'],
  [/^audio\//, 'AUDIO'],
];

function mediaOf(parts: readonly JsonObject[]): ReadonlyMap<string, number> {
  const tokens = new Map<string, number>();
  for (const { inlineData, fileData } of parts) {
    const data = isObject(inlineData) ? inlineData : fileData;
    if (!isObject(data)) continue;
    const type = stringOf(data['mimeType']);
    const modality = MODALITIES.find(([pattern]) => pattern.test(type))?.[1] ?? 'DOCUMENT';
    tokens.set(modality, (tokens.get(modality) ?? 0) + MEDIA_TOKENS);
  }
  return tokens;
}
