/** A transcript in the formats that OpenAI's API gives: JSON, plain text, and the subtitles of SubRip and WebVTT. */

import { logprobsOf } from './logprobs.ts';
import type { DurationUsage, TranscriptUsage } from './openai-shapes.ts';

export const TRANSCRIPT_FORMATS = ['json', 'text', 'srt', 'verbose_json', 'vtt', 'diarized_json'] as const;
export type TranscriptFormat = (typeof TRANSCRIPT_FORMATS)[number];

export interface Transcript {
  readonly task: 'transcribe' | 'translate';
  readonly tokens: readonly string[];
  /** Of the recording. */
  readonly seconds: number;
  readonly language: string;
  /** What the long form tells the time of. */
  readonly granularities: readonly ('word' | 'segment')[];
  readonly logprobs: boolean;
  readonly seed: number;
}

interface Segment {
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

type Usage = TranscriptUsage | DurationUsage;

export function transcriptText(transcript: Transcript, format: TranscriptFormat, usage: Usage | undefined): string {
  const text = transcript.tokens.join('');
  const told = usage === undefined ? {} : { usage };
  switch (format) {
    case 'json':
      return JSON.stringify({ text, ...logprobs(transcript), ...told });
    case 'verbose_json':
      return JSON.stringify({ ...verbose(transcript, text), ...told });
    case 'diarized_json':
      return JSON.stringify({ ...diarized(transcript, text), ...told });
    case 'text':
      return `${text}\n`;
    case 'srt':
      return segmentsOf(transcript)
        .map(({ start, end, text: line }, index) => `${index + 1}\n${clock(start, ',')} --> ${clock(end, ',')}\n${line.trim()}\n\n`)
        .join('');
    case 'vtt':
      return `WEBVTT\n\n${segmentsOf(transcript)
        .map(({ start, end, text: line }) => `${clock(start, '.')} --> ${clock(end, '.')}\n${line.trim()}\n\n`)
        .join('')}`;
  }
}

function logprobs({ tokens, logprobs: asked }: Transcript): object {
  if (!asked) return {};
  return { logprobs: logprobsOf(tokens, 0).map(({ token, logprob, bytes }) => ({ token, logprob, bytes })) };
}

function verbose(transcript: Transcript, text: string): object {
  const segments = segmentsOf(transcript).map((segment, id) => ({
    id,
    seek: 0,
    ...segment,
    tokens: Array.from(segment.text.matchAll(/\S+/g), (match) => 50_364 + match.index),
    temperature: 0,
    avg_logprob: -0.25,
    compression_ratio: 1.1,
    no_speech_prob: 0.01,
  }));
  return {
    task: transcript.task,
    language: transcript.language,
    duration: seconds(transcript.seconds),
    text,
    ...(transcript.granularities.includes('segment') ? { segments } : {}),
    ...(transcript.granularities.includes('word') ? { words: wordsOf(transcript) } : {}),
  };
}

function diarized(transcript: Transcript, text: string): object {
  const segments = segmentsOf(transcript).map((segment, index) => ({
    type: 'transcript.text.segment',
    id: `seg_${index + 1}`,
    speaker: index % 2 === 0 ? 'A' : 'B',
    ...segment,
  }));
  return { task: transcript.task, duration: seconds(transcript.seconds), text, segments };
}

/** The sentences, each with its share of the time. */
function segmentsOf(transcript: Transcript): readonly Segment[] {
  const { tokens } = transcript;
  const segments: Segment[] = [];
  const at = (token: number) => seconds((transcript.seconds * token) / Math.max(1, tokens.length));
  let begun = 0;
  for (const [index, token] of tokens.entries()) {
    if (!/[.!?]$/.test(token) && index < tokens.length - 1) continue;
    segments.push({ start: at(begun), end: at(index + 1), text: tokens.slice(begun, index + 1).join('') });
    begun = index + 1;
  }
  return segments;
}

function wordsOf(transcript: Transcript): readonly { word: string; start: number; end: number }[] {
  const length = Math.max(1, transcript.tokens.length);
  return transcript.tokens.map((token, index) => ({
    word: token.trim(),
    start: seconds((transcript.seconds * index) / length),
    end: seconds((transcript.seconds * (index + 1)) / length),
  }));
}

function seconds(value: number): number {
  return Math.round(value * 100) / 100;
}

/** `00:00:01,230` in SubRip, `00:00:01.230` in WebVTT. */
function clock(value: number, mark: ',' | '.'): string {
  const two = (number: number) => String(Math.floor(number)).padStart(2, '0');
  const milliseconds = String(Math.round(value * 1_000) % 1_000).padStart(3, '0');
  return `${two(value / 3_600)}:${two((value / 60) % 60)}:${two(value % 60)}${mark}${milliseconds}`;
}
