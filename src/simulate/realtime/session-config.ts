/** How a realtime session is set, with OpenAI's defaults, and what `session.update` and `response.create` may change of it. */
import { isObject, type JsonObject } from '../json-instance.ts';
import { CREATED } from '../openai-shapes.ts';
import { ClientError, missing, unsupported } from './client-error.ts';

export type SessionType = 'realtime' | 'transcription';
export type AudioFormat = 'audio/pcm' | 'audio/pcmu' | 'audio/pcma';

/** As it goes over the wire. Replaced as a whole, never changed. */
export type SessionConfig = JsonObject & { readonly type: SessionType };

const PCM = { type: 'audio/pcm', rate: 24_000 };
const FORMATS = ['audio/pcm', 'audio/pcmu', 'audio/pcma'] as const;
const SETTABLE: Readonly<Record<SessionType, readonly string[]>> = {
  realtime: [
    'type',
    'model',
    'output_modalities',
    'instructions',
    'tools',
    'tool_choice',
    'parallel_tool_calls',
    'max_output_tokens',
    'reasoning',
    'tracing',
    'truncation',
    'prompt',
    'audio',
    'include',
  ],
  transcription: ['type', 'audio', 'include'],
};
const OUTPUT_TOKENS_MAX = 4_096;
const LIFE_SECONDS = 3_600;

export function defaultConfig(type: SessionType, id: string, model: string): SessionConfig {
  const input = {
    format: PCM,
    transcription: null,
    noise_reduction: null,
    turn_detection: {
      type: 'server_vad',
      threshold: 0.5,
      prefix_padding_ms: 300,
      silence_duration_ms: 200,
      idle_timeout_ms: null,
      create_response: true,
      interrupt_response: true,
    },
  };
  const expires_at = CREATED + LIFE_SECONDS;
  if (type === 'transcription') return { type, object: 'realtime.transcription_session', id, expires_at, audio: { input }, include: null };
  return {
    type,
    object: 'realtime.session',
    id,
    model,
    output_modalities: ['audio'],
    instructions: '',
    tools: [],
    tool_choice: 'auto',
    max_output_tokens: 'inf',
    tracing: null,
    truncation: 'auto',
    prompt: null,
    expires_at,
    audio: { input, output: { format: PCM, voice: 'marin', speed: 1 } },
    include: null,
  };
}

/** Throws ClientError. */
export function updatedConfig(config: SessionConfig, update: unknown): SessionConfig {
  if (!isObject(update)) throw missing('session');
  if (update['type'] === undefined) throw missing('session.type');
  if (update['type'] !== config.type) throw unsupported(update['type'], [config.type], 'session.type');
  for (const name of Object.keys(update)) {
    if (!SETTABLE[config.type].includes(name))
      throw new ClientError(`Unknown parameter: 'session.${name}'.`, 'unknown_parameter', `session.${name}`);
  }
  checkSettings(update, 'session');
  return {
    ...config,
    ...update,
    type: config.type,
    model: config['model'],
    audio: mergedAudio(config['audio'], update['audio'], 'session.audio'),
  };
}

/** The same for one response: what it says over what the session says. Throws ClientError. */
export function responseConfig(config: SessionConfig, asked: JsonObject): SessionConfig {
  checkSettings(asked, 'response');
  const { output_modalities, instructions, tools, tool_choice, max_output_tokens, parallel_tool_calls } = asked;
  const said = { output_modalities, instructions, tools, tool_choice, max_output_tokens, parallel_tool_calls };
  const given = Object.fromEntries(Object.entries(said).filter(([, value]) => value !== undefined));
  return { ...config, ...given, audio: mergedAudio(config['audio'], asked['audio'], 'response.audio') };
}

/** Whether answers are spoken, or written. */
export function isSpoken(config: SessionConfig): boolean {
  const modalities = config['output_modalities'];
  return !Array.isArray(modalities) || modalities.includes('audio');
}

export function outputFormat(config: SessionConfig): AudioFormat {
  return formatOf(sideOf(config['audio'], 'output'));
}

/** Bytes of input audio in a second. */
export function inputBytesPerSecond(config: SessionConfig): number {
  return formatOf(sideOf(config['audio'], 'input')) === 'audio/pcm' ? 48_000 : 8_000;
}

/** Whether what the user says is to be written down. */
export function isTranscribed(config: SessionConfig): boolean {
  return isObject(sideOf(config['audio'], 'input')['transcription']);
}

export function outputAudio(config: SessionConfig): JsonObject {
  const { format, voice } = sideOf(config['audio'], 'output');
  return { output: { format, voice } };
}

function sideOf(audio: unknown, side: 'input' | 'output'): JsonObject {
  const found = isObject(audio) ? audio[side] : undefined;
  return isObject(found) ? found : {};
}

function formatOf(side: JsonObject): AudioFormat {
  const type = isObject(side['format']) ? side['format']['type'] : undefined;
  return FORMATS.find((format) => format === type) ?? 'audio/pcm';
}

function checkSettings(settings: JsonObject, at: string): void {
  const { output_modalities: modalities, tools, max_output_tokens: tokens, instructions } = settings;
  if (
    modalities !== undefined &&
    !(Array.isArray(modalities) && modalities.length === 1 && ['text', 'audio'].includes(String(modalities[0])))
  ) {
    const message = `Invalid modalities: ${JSON.stringify(modalities)?.slice(0, 64)}. Supported combinations are: ['text'] and ['audio'].`;
    throw new ClientError(message, 'invalid_value', `${at}.output_modalities`);
  }
  if (tools !== undefined && !(Array.isArray(tools) && tools.every(isObject))) {
    throw new ClientError(`Invalid type for '${at}.tools': expected an array of objects.`, 'invalid_type', `${at}.tools`);
  }
  if (instructions !== undefined && typeof instructions !== 'string') {
    throw new ClientError(`Invalid type for '${at}.instructions': expected a string.`, 'invalid_type', `${at}.instructions`);
  }
  const isCount = typeof tokens === 'number' && Number.isInteger(tokens) && tokens >= 1 && tokens <= OUTPUT_TOKENS_MAX;
  if (tokens !== undefined && tokens !== 'inf' && !isCount) {
    throw new ClientError(
      `Invalid '${at}.max_output_tokens': expected an integer from 1 to ${OUTPUT_TOKENS_MAX}, or 'inf'.`,
      'invalid_value',
      `${at}.max_output_tokens`,
    );
  }
}

/** Each side by itself: what is not named stays. */
function mergedAudio(audio: unknown, update: unknown, at: string): JsonObject {
  const old = isObject(audio) ? audio : {};
  if (update === undefined) return old;
  if (!isObject(update)) throw new ClientError(`Invalid type for '${at}': expected an object.`, 'invalid_type', at);
  const merged: Record<string, unknown> = { ...old };
  for (const side of ['input', 'output'] as const) {
    const change = update[side];
    if (change === undefined) continue;
    if (!isObject(change)) throw new ClientError(`Invalid type for '${at}.${side}': expected an object.`, 'invalid_type', `${at}.${side}`);
    const format = isObject(change['format']) ? change['format']['type'] : undefined;
    if (change['format'] !== undefined && !FORMATS.some((known) => known === format))
      throw unsupported(format, FORMATS, `${at}.${side}.format.type`);
    merged[side] = { ...sideOf(old, side), ...change };
  }
  return merged;
}
