/*
 * Reads `generateContent`: what is asked of the model, and what the server refuses. proto.ts has seen to names and types already; here is
 * what holds beyond them, in the server's words. Source: ai.google.dev/api/generate-content, and the messages that clients report.
 */
import type { Question, Tool } from '../answer.ts';
import { isObject, type JsonObject } from '../json-instance.ts';
import { checkSignatures, type Heard, hear, listOf } from './conversation.ts';
import { refuseField, refuseGemini } from './proto.ts';
import { checkSchema, jsonSchemaOf } from './schema.ts';

export interface GenerateRequest {
  readonly heard: Heard;
  readonly question: Question;
  readonly candidates: number;
  readonly seed: number | undefined;
  readonly thinks: boolean;
  /** Thoughts are told and not only counted. */
  readonly tellsThoughts: boolean;
  /** Alternatives to give with each token, or undefined: no log probabilities. */
  readonly topLogprobs: number | undefined;
  /** The answer is one word of an enum, bare and not as JSON. */
  readonly isBareEnum: boolean;
  /** Named in `cachedContent`. */
  readonly cachedTokens: number;
  readonly searches: boolean;
}

/** What a cached content holds, for we keep none. */
const CACHED_TOKENS = 1_024;

const MESSAGE = 'GenerateContentRequest';

/** Models that think without being asked, give ids to calls, and demand signatures: the third generation and on. */
export function isThirdGeneration(model: string): boolean {
  return /^gemini-(?:[3-9]|\d\d)/.test(model);
}

/** Throws RequestRefused. */
export function readGenerate(body: JsonObject, model: string): GenerateRequest {
  const heard = hear(body, MESSAGE);
  checkSignatures(body['contents'], isThirdGeneration(model));
  const config = isObject(body['generationConfig']) ? body['generationConfig'] : {};
  checkRanges(config);
  const tools = readTools(body['tools']);
  const thinking = readThinking(config['thinkingConfig'], model);
  return {
    heard,
    question: {
      conversation: heard.conversation,
      lastUserText: heard.lastUserText,
      ...readChoice(body['toolConfig'], tools),
      parallelTools: true,
      format: readFormat(config),
      stops: Array.isArray(config['stopSequences']) ? config['stopSequences'].filter((stop) => typeof stop === 'string') : [],
      tokensMax: numberOf(config['maxOutputTokens']),
    },
    candidates: numberOf(config['candidateCount']) ?? 1,
    seed: numberOf(config['seed']),
    ...thinking,
    topLogprobs: config['responseLogprobs'] === true ? (numberOf(config['logprobs']) ?? 0) : undefined,
    isBareEnum: config['responseMimeType'] === 'text/x.enum',
    cachedTokens: typeof body['cachedContent'] === 'string' && body['cachedContent'] !== '' ? CACHED_TOKENS : 0,
    searches: listOf(body['tools']).some((tool) => 'googleSearch' in tool),
  };
}

export function numberOf(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined;
}

const RANGES: readonly (readonly [field: string, min: number, max: number, problem: string])[] = [
  ['temperature', 0, 2, 'temperature must be in the range [0.0, 2.0].'],
  ['topP', 0, 1, 'top_p must be in the range [0.0, 1.0].'],
  ['candidateCount', 1, 8, 'candidate_count must be in the range [1, 8].'],
  ['maxOutputTokens', 1, 2_147_483_647, 'max_output_tokens must be positive.'],
  ['logprobs', 0, 20, 'logprobs must be in the range [0, 20].'],
  ['presencePenalty', -2, 2, 'presence_penalty must be in the range [-2.0, 2.0).'],
  ['frequencyPenalty', -2, 2, 'frequency_penalty must be in the range [-2.0, 2.0).'],
];

const STOPS_MAX = 5;

function checkRanges(config: JsonObject): void {
  for (const [field, min, max, problem] of RANGES) {
    const value = numberOf(config[field]);
    const name = field.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
    if (value !== undefined && (value < min || value > max)) refuseField(`${MESSAGE}.generation_config.${name}`, problem);
  }
  const stops = config['stopSequences'];
  if (Array.isArray(stops) && stops.length > STOPS_MAX) {
    refuseField(`${MESSAGE}.generation_config.stop_sequences`, `the number of stop_sequences must not exceed ${STOPS_MAX}.`);
  }
  if (config['logprobs'] !== undefined && config['responseLogprobs'] !== true) {
    refuseField(`${MESSAGE}.generation_config.logprobs`, 'logprobs can only be set when response_logprobs is true.');
  }
}

const LEVELS = new Set(['THINKING_LEVEL_UNSPECIFIED', 'MINIMAL', 'LOW', 'MEDIUM', 'HIGH']);

function readThinking(config: unknown, model: string): Pick<GenerateRequest, 'thinks' | 'tellsThoughts'> {
  if (!isObject(config)) return { thinks: isThirdGeneration(model), tellsThoughts: false };
  const budget = numberOf(config['thinkingBudget']);
  const level = config['thinkingLevel'];
  if (budget !== undefined && level !== undefined) refuseGemini('You can only set only one of thinking budget and thinking level.');
  if (typeof level === 'string' && !LEVELS.has(level.toUpperCase())) {
    refuseGemini(
      `Invalid value at 'generation_config.thinking_config.thinking_level' (type.googleapis.com/google.ai.generativelanguage.v1beta.ThinkingConfig.ThinkingLevel), "${level}"`,
    );
  }
  if (budget !== undefined && (budget < -1 || budget > 32_768)) {
    refuseGemini(`The thinking budget ${budget} is invalid. Please choose a value between 0 and 32768.`);
  }
  const thinks = budget !== 0;
  if (!thinks && config['includeThoughts'] === true) {
    refuseGemini('Unable to submit request because Thinking_config.include_thoughts is only enabled when thinking is enabled.');
  }
  return { thinks, tellsThoughts: thinks && config['includeThoughts'] === true };
}

const NAME = /^[A-Za-z_][A-Za-z0-9_.:-]{0,127}$/;

function readTools(tools: unknown): readonly Tool[] {
  const names = new Set<string>();
  return listOf(tools).flatMap((tool, position) =>
    listOf(tool['functionDeclarations']).map((declared, index) => {
      const place = `${MESSAGE}.tools[${position}].function_declarations[${index}]`;
      const { name, parameters, parametersJsonSchema } = declared;
      if (typeof name !== 'string' || !NAME.test(name)) {
        return refuseField(
          `${place}.name`,
          '[FIELD_INVALID] Invalid function name. Must start with a letter or an underscore. Must be alphanumeric (a-z, A-Z, 0-9), underscores (_), dots (.), colons (:), or dashes (-), with a maximum length of 128.',
        );
      }
      if (names.has(name)) refuseGemini(`Duplicate function declaration found: ${name}`);
      names.add(name);
      if (isObject(parameters)) checkSchema(parameters, `${place}.parameters`);
      if (parameters !== undefined && parametersJsonSchema !== undefined) {
        refuseField(`${place}.parameters_json_schema`, 'parameters_json_schema must not be set when parameters is set.');
      }
      return { name, parameters: parametersJsonSchema ?? jsonSchemaOf(parameters) };
    }),
  );
}

const MODES = new Set(['MODE_UNSPECIFIED', 'AUTO', 'ANY', 'NONE', 'VALIDATED']);

function readChoice(toolConfig: unknown, tools: readonly Tool[]): Pick<Question, 'tools' | 'toolChoice'> {
  const config = isObject(toolConfig) && isObject(toolConfig['functionCallingConfig']) ? toolConfig['functionCallingConfig'] : {};
  const mode = typeof config['mode'] === 'string' ? config['mode'].toUpperCase() : 'AUTO';
  if (!MODES.has(mode)) {
    refuseGemini(
      `Invalid value at 'tool_config.function_calling_config.mode' (type.googleapis.com/google.ai.generativelanguage.v1beta.FunctionCallingConfig.Mode), "${mode}"`,
    );
  }
  const given = config['allowedFunctionNames'];
  const allowed = Array.isArray(given) ? given.filter((name) => typeof name === 'string') : [];
  const place = `${MESSAGE}.tool_config.function_calling_config.allowed_function_names`;
  if (allowed.length > 0 && mode !== 'ANY' && mode !== 'VALIDATED') {
    refuseField(place, 'allowed_function_names can only be set when the function calling mode is ANY or VALIDATED.');
  }
  const unknown = allowed.find((name) => !tools.some((tool) => tool.name === name));
  if (unknown !== undefined) refuseField(place, `function ${unknown} is not among the function declarations.`);
  if (mode === 'ANY' && tools.length === 0) refuseGemini('Function calling config is set without function_declarations.');
  return {
    tools: allowed.length === 0 ? tools : tools.filter((tool) => allowed.includes(tool.name)),
    toolChoice: mode === 'ANY' ? 'required' : mode === 'NONE' ? 'none' : undefined,
  };
}

const MIME_TYPES = ['text/plain', 'application/json', 'application/xml', 'application/yaml', 'text/x.enum'];

function readFormat(config: JsonObject): unknown {
  const { responseMimeType: type = 'text/plain', responseSchema, responseJsonSchema } = config;
  const place = `${MESSAGE}.generation_config`;
  if (typeof type !== 'string' || !MIME_TYPES.includes(type)) {
    const known = MIME_TYPES.map((name) => `\`${name}\``).join(', ');
    return refuseField(`${place}.response_mime_type`, `allowed mimetypes are ${known}.`);
  }
  if (isObject(responseSchema)) checkSchema(responseSchema, `${place}.response_schema`);
  const schema = responseJsonSchema ?? jsonSchemaOf(responseSchema);
  if (responseSchema !== undefined && responseJsonSchema !== undefined) {
    refuseField(`${place}.response_json_schema`, 'response_json_schema must not be set when response_schema is set.');
  }
  if (schema !== undefined && type === 'text/plain') {
    refuseField(`${place}.response_mime_type`, 'response_mime_type must be application/json or text/x.enum when a response schema is set.');
  }
  return schema ?? (type === 'application/json' ? 'json' : undefined);
}
