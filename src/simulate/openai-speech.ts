/** `POST /v1/audio/speech`: a tone for each word, as a file or as events. Each piece of 50 ms is one token, for the pace and for usage. */

import { type Script, streamReply } from './delivery.ts';
import { FAILURE_IN_BAND, failureBody, insteadOfAnswer } from './failures.ts';
import type { Faults } from './faults.ts';
import { isObject, type JsonObject } from './json-instance.ts';
import { namedEvent } from './named-events.ts';
import { modelUnknown, readModel, readWord, refuse } from './openai-request.ts';
import { type SpeechEvent, SSE_HEADERS } from './openai-shapes.ts';
import { pieceCount, SOUND_FORMATS, type SoundFormat, soundHead, soundPiece } from './sound.ts';
import { estimateTokens, hash } from './text.ts';
import { askedModel, isServed, seedOf, type Visit } from './visit.ts';

const INPUT_CHARS_MAX = 4_096;

const MEDIA_TYPES: Readonly<Record<SoundFormat, string>> = {
  mp3: 'audio/mpeg',
  opus: 'audio/opus',
  aac: 'audio/aac',
  flac: 'audio/flac',
  wav: 'audio/wav',
  pcm: 'audio/pcm',
};

/** Throws RequestRefused; rejects when the client leaves. */
export async function speech(body: JsonObject, visit: Visit): Promise<Response> {
  const { name, faults } = askedModel(visit, readModel(body));
  if (!isServed(visit.world.options, name)) throw modelUnknown(name);
  const input = readInput(body);
  const voice = readVoice(body['voice']);
  const speed = readSpeed(body['speed']);
  const format = readWord(body, 'response_format', SOUND_FORMATS) ?? 'mp3';
  const streamFormat = readWord(body, 'stream_format', ['sse', 'audio']) ?? 'audio';
  const inputTokens = estimateTokens(input);
  const failed = await insteadOfAnswer(faults, visit, inputTokens);
  if (failed !== undefined) return failed;

  const pieces = faults.tokens ?? pieceCount(input, speed);
  const said: Said = { text: `${name}\n${voice}\n${input}`, format, pieces, inputTokens, seed: seedOf(visit, faults) };
  return streamReply(streamFormat === 'sse' ? eventScript(said, faults) : fileScript(said), faults, visit);
}

interface Said {
  /** What the sound follows from. */
  readonly text: string;
  readonly format: SoundFormat;
  readonly pieces: number;
  readonly inputTokens: number;
  readonly seed: number;
}

function fileScript({ text, format, pieces, seed }: Said): Script {
  return {
    headers: { 'content-type': MEDIA_TYPES[format] },
    isBinary: true,
    seed: hash(text, seed),
    opening: soundHead(format, pieces).toString('latin1'),
    tokenCount: pieces,
    event: (index) => soundPiece(format, text, { index, seed }).toString('latin1'),
    closing: '',
    // There is no way to say an error within a file: it goes on with what is no sound.
    malformed: 'bro',
    failure: failureBody(FAILURE_IN_BAND, 'openai'),
    huge: (contentBytes) => '\0'.repeat(contentBytes),
  };
}

function eventScript({ text, format, pieces, inputTokens, seed }: Said, faults: Faults): Script {
  const delta = (audio: Buffer) => {
    const event: SpeechEvent = { type: 'speech.audio.delta', audio: audio.toString('base64') };
    return namedEvent(event);
  };
  const usage = { input_tokens: inputTokens, output_tokens: pieces, total_tokens: inputTokens + pieces };
  const done: SpeechEvent = { type: 'speech.audio.done', ...(faults.noUsage ? {} : { usage }) };
  const head = soundHead(format, pieces);
  return {
    headers: SSE_HEADERS,
    seed: hash(text, seed),
    opening: head.length === 0 ? '' : delta(head),
    tokenCount: pieces,
    event: (index) => delta(soundPiece(format, text, { index, seed })),
    closing: faults.noDone ? '' : namedEvent(done),
    malformed: 'event: speech.audio.delta\ndata: {"type":"speech.audio.delta","audio":"bro\n\n',
    failure: `event: error\ndata: ${failureBody(FAILURE_IN_BAND, 'openai')}\n\n`,
    huge: (contentBytes) => delta(Buffer.alloc(Math.floor(contentBytes / 4) * 3)),
  };
}

function readInput(body: JsonObject): string {
  const { input } = body;
  if (input === undefined || input === '') return refuse("Missing required parameter: 'input'.", 'input', 'missing_required_parameter');
  if (typeof input !== 'string') return refuse("Invalid type for 'input': expected a string.", 'input', 'invalid_type');
  if (input.length > INPUT_CHARS_MAX) {
    const message = `Invalid 'input': string too long. Expected a string with maximum length ${INPUT_CHARS_MAX}, but got a string with length ${input.length} instead.`;
    return refuse(message, 'input', 'string_above_max_length');
  }
  return input;
}

/** Any name: vendors that speak this API have voices of their own. */
function readVoice(voice: unknown): string {
  const name = isObject(voice) ? voice['id'] : voice;
  if (typeof name === 'string' && name !== '') return name;
  return refuse("Missing required parameter: 'voice'.", 'voice', 'missing_required_parameter');
}

function readSpeed(speed: unknown): number {
  if (speed === undefined || speed === null) return 1;
  if (typeof speed !== 'number') return refuse("Invalid type for 'speed': expected a decimal.", 'speed', 'invalid_type');
  if (!(speed >= 0.25 && speed <= 4)) {
    return refuse(
      "Invalid 'speed': expected a value between 0.25 and 4.",
      'speed',
      speed < 1 ? 'decimal_below_min_value' : 'decimal_above_max_value',
    );
  }
  return speed;
}
