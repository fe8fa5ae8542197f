/**
 * `POST /v1/audio/transcriptions` and `/v1/audio/translations`. What a recording says follows from its bytes; a prompt that begins with
 * `echo:` says it itself. Words last equally long.
 */

import { answer, type Question } from './answer.ts';
import { type Script, streamReply, wholeReply } from './delivery.ts';
import { FAILURE_IN_BAND, failureBody, insteadOfAnswer } from './failures.ts';
import type { Faults } from './faults.ts';
import { type Form, fileOf, readForm } from './form.ts';
import { logprobsOf } from './logprobs.ts';
import { namedEvent } from './named-events.ts';
import { modelUnknown, readModel, readWord, refuse } from './openai-request.ts';
import { JSON_HEADERS, SSE_HEADERS, type TranscriptEvent, type TranscriptUsage } from './openai-shapes.ts';
import { secondsOf } from './sound.ts';
import { estimateTokens, hash } from './text.ts';
import { TRANSCRIPT_FORMATS, type Transcript, type TranscriptFormat, transcriptText } from './transcript.ts';
import { askedModel, isServed, seedOf, type Visit } from './visit.ts';

/** The vendor's limit. */
const RECORDING_BYTES_MAX = 26_214_400;
const FORM_RULES = { fileBytesMax: RECORDING_BYTES_MAX, numbers: ['temperature'], booleans: ['stream'] };
/** Audio tokens of a second. */
const TOKENS_PER_SECOND = 10;

/** Throws RequestRefused; rejects when the client leaves. */
export function transcriptions(visit: Visit): Promise<Response> {
  return transcriptReply('transcribe', visit);
}

/** Into English, whatever was said. Throws RequestRefused; rejects when the client leaves. */
export function translations(visit: Visit): Promise<Response> {
  return transcriptReply('translate', visit);
}

async function transcriptReply(task: Transcript['task'], visit: Visit): Promise<Response> {
  const form = await readForm(visit, FORM_RULES);
  const { name, faults } = askedModel(visit, readModel(form.fields));
  if (!isServed(visit.world.options, name)) throw modelUnknown(name);
  const recording = fileOf(form, 'file');
  if (recording.bytes.length === 0) {
    return refuse('Audio file might be corrupted or unsupported', 'file', 'invalid_value');
  }
  const format = readWord(form.fields, 'response_format', TRANSCRIPT_FORMATS) ?? 'json';
  const prompt = form.fields['prompt'] ?? '';
  if (typeof prompt !== 'string') return refuse("Invalid type for 'prompt': expected a string.", 'prompt', 'invalid_type');

  const seconds = secondsOf(recording.bytes);
  const usage = usageOf(seconds, prompt);
  const failed = await insteadOfAnswer(faults, visit, usage.input_tokens);
  if (failed !== undefined) return failed;
  const seed = seedOf(visit, faults);
  const heard = `${task}\n${Bun.SHA256.hash(recording.bytes, 'hex')}`;
  const given = answer(questionOf(heard, prompt), faults, seed);
  const transcript: Transcript = {
    task,
    // A question without tools has no other answers than these.
    tokens: given.kind === 'tools' ? [] : given.tokens,
    seconds,
    language: languageOf(form, task),
    granularities: granularitiesOf(form),
    logprobs: listOf(form.fields['include']).includes('logprobs'),
    seed: hash(heard, seed),
  };
  if (form.fields['stream'] === true) return streamReply(transcriptScript(transcript, usage, faults), faults, visit);
  return wholeReply(transcriptWhole(transcript, { usage, format, isBilledByTime: name.startsWith('whisper') }, faults), faults, visit);
}

function questionOf(heard: string, prompt: string): Question {
  return {
    conversation: heard,
    lastUserText: prompt,
    tools: [],
    toolChoice: undefined,
    parallelTools: false,
    format: undefined,
    stops: [],
    tokensMax: undefined,
  };
}

function languageOf({ fields }: Form, task: Transcript['task']): string {
  const { language } = fields;
  return task === 'transcribe' && typeof language === 'string' && language !== '' ? language : 'english';
}

function granularitiesOf({ fields }: Form): Transcript['granularities'] {
  const asked = listOf(fields['timestamp_granularities']);
  const known = (['word', 'segment'] as const).filter((granularity) => asked.includes(granularity));
  return known.length > 0 ? known : ['segment'];
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [value];
}

type InputUsage = Pick<TranscriptUsage, 'input_tokens' | 'input_token_details'>;

function usageOf(seconds: number, prompt: string): InputUsage {
  const audio = Math.ceil(seconds * TOKENS_PER_SECOND);
  const text = estimateTokens(prompt);
  return { input_tokens: audio + text, input_token_details: { text_tokens: text, audio_tokens: audio } };
}

function tokenUsage({ input_tokens, input_token_details }: InputUsage, output: number): TranscriptUsage {
  return { type: 'tokens', input_tokens, input_token_details, output_tokens: output, total_tokens: input_tokens + output };
}

interface Asked {
  readonly usage: InputUsage;
  readonly format: TranscriptFormat;
  /** The oldest model of the family is, and says so. */
  readonly isBilledByTime: boolean;
}

function transcriptWhole(transcript: Transcript, { usage, format, isBilledByTime }: Asked, faults: Faults) {
  const byTime = { type: 'duration' as const, seconds: Math.ceil(transcript.seconds) };
  const told = isBilledByTime || format === 'verbose_json' ? byTime : tokenUsage(usage, transcript.tokens.length);
  // Translations have never told any.
  const isTold = !faults.noUsage && transcript.task === 'transcribe';
  const isJson = format.endsWith('json');
  return {
    headers: isJson ? JSON_HEADERS : { 'content-type': 'text/plain; charset=utf-8' },
    seed: transcript.seed,
    tokenCount: transcript.tokens.length,
    body: transcriptText(transcript, format, isTold ? told : undefined),
    failure: failureBody(FAILURE_IN_BAND, 'openai'),
  };
}

function transcriptScript({ tokens, logprobs, seed }: Transcript, usage: InputUsage, faults: Faults): Script {
  const likely = (some: readonly string[]) =>
    logprobs ? { logprobs: logprobsOf(some, 0).map(({ token, logprob, bytes }) => ({ token, logprob, bytes })) } : {};
  const delta = (text: string, more: object = {}) => {
    const event: TranscriptEvent = { type: 'transcript.text.delta', delta: text, ...more };
    return namedEvent(event);
  };
  const done: TranscriptEvent = {
    type: 'transcript.text.done',
    text: tokens.join(''),
    ...likely(tokens),
    ...(faults.noUsage ? {} : { usage: tokenUsage(usage, tokens.length) }),
  };
  return {
    headers: SSE_HEADERS,
    seed,
    opening: '',
    tokenCount: tokens.length,
    event: (index) => delta(tokens[index] ?? '', likely(tokens.slice(index, index + 1))),
    closing: faults.noDone ? '' : namedEvent(done),
    malformed: 'event: transcript.text.delta\ndata: {"type":"transcript.text.delta","delta":"bro\n\n',
    failure: `event: error\ndata: ${failureBody(FAILURE_IN_BAND, 'openai')}\n\n`,
    huge: (contentBytes) => delta('x'.repeat(contentBytes)),
  };
}
