/*
 * Speech as far as a simulator needs it: a tone for each word of the text, 16-bit PCM at 24 kHz, one channel, made piece by piece.
 * A piece is one audio token, 50 ms. Around it the containers that clients ask for: WAV and MP3 are valid files (the MP3's frames are
 * silent, and what tells one text from another is in the bytes that a decoder skips); Opus, AAC and FLAC begin as such files do, and go on
 * with bytes that follow from the text. For the realtime API also G.711, at 8 kHz.
 */
import { hash, seededRandom } from './text.ts';

export const SOUND_FORMATS = ['mp3', 'opus', 'aac', 'flac', 'wav', 'pcm'] as const;
export type SoundFormat = (typeof SOUND_FORMATS)[number];

const RATE = 24_000;
export const PIECE_MS = 50;
const PIECE_SAMPLES = (RATE * PIECE_MS) / 1_000;
export const PIECE_BYTES = PIECE_SAMPLES * 2;
/** How long a word is spoken, in pieces. */
const WORD_PIECES = 6;

/** Pieces that the speech of a text has, at a speed from 0.25 to 4. */
export function pieceCount(text: string, speed = 1): number {
  const words = text.match(/\S+/g)?.length ?? 0;
  return Math.max(1, Math.round((words * WORD_PIECES) / speed));
}

/** A piece of speech: little-endian 16-bit samples. The same text, piece and seed sound the same. */
export function piece(text: string, index: number, seed: number): Buffer {
  const random = seededRandom(hash(`${Math.floor(index / WORD_PIECES)}\n${text}`, seed));
  const hertz = 110 + Math.floor(random() * 330);
  const samples = Buffer.alloc(PIECE_BYTES);
  for (let sample = 0; sample < PIECE_SAMPLES; sample += 1) {
    const time = (index * PIECE_SAMPLES + sample) / RATE;
    samples.writeInt16LE(Math.round(8_000 * Math.sin(2 * Math.PI * hertz * time)), sample * 2);
  }
  return samples;
}

/** The RIFF head of a WAV file with so many bytes of samples (Microsoft, Multimedia Programming Interface 1.0). */
export function wavHead(dataBytes: number): Buffer {
  const head = Buffer.alloc(44);
  head.write('RIFF', 0, 'latin1');
  head.writeUInt32LE(36 + dataBytes, 4);
  head.write('WAVEfmt ', 8, 'latin1');
  head.writeUInt32LE(16, 16);
  head.writeUInt16LE(1, 20);
  head.writeUInt16LE(1, 22);
  head.writeUInt32LE(RATE, 24);
  head.writeUInt32LE(RATE * 2, 28);
  head.writeUInt16LE(2, 32);
  head.writeUInt16LE(16, 34);
  head.write('data', 36, 'latin1');
  head.writeUInt32LE(dataBytes, 40);
  return head;
}

/** What a file of a format begins with. */
const HEADS: Readonly<Record<SoundFormat, (dataBytes: number) => Buffer>> = {
  wav: wavHead,
  pcm: () => Buffer.alloc(0),
  mp3: () => Buffer.alloc(0),
  opus: () => Buffer.from('OggS', 'latin1'),
  flac: () => Buffer.from('fLaC', 'latin1'),
  aac: () => Buffer.from([0xff, 0xf1]),
};

export function soundHead(format: SoundFormat, pieces: number): Buffer {
  return HEADS[format](pieces * PIECE_BYTES);
}

export function soundPiece(format: SoundFormat, text: string, { index, seed }: { readonly index: number; readonly seed: number }): Buffer {
  if (format === 'wav' || format === 'pcm') return piece(text, index, seed);
  const random = seededRandom(hash(`${index}\n${text}`, seed));
  const fill = (bytes: number) => Buffer.from(Array.from({ length: bytes }, () => Math.floor(random() * 255)));
  if (format !== 'mp3') return fill(400);
  return Buffer.concat([mp3Frame(fill), mp3Frame(fill)]);
}

/**
 * One frame of MPEG-2 layer III, 24 kHz, 64 kbit/s, one channel: 24 ms in 192 bytes (ISO/IEC 13818-3). Its side information is all zero,
 * so no bit of the rest is played.
 */
function mp3Frame(fill: (bytes: number) => Buffer): Buffer {
  const sideBytes = 9;
  return Buffer.concat([Buffer.from([0xff, 0xf3, 0x84, 0xc4]), Buffer.alloc(sideBytes), fill(192 - 4 - sideBytes)]);
}

/** Seconds of an uploaded recording: as its RIFF head says, or else as many as it would have at 32 kbit/s. */
export function secondsOf(bytes: Uint8Array): number {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.length >= 44 && view.toString('latin1', 0, 4) === 'RIFF' && view.toString('latin1', 8, 12) === 'WAVE') {
    const bytesPerSecond = view.readUInt32LE(28);
    const dataAt = view.indexOf('data', 12, 'latin1');
    const data = dataAt === -1 ? 0 : view.length - dataAt - 8;
    if (bytesPerSecond > 0) return Math.max(0, data) / bytesPerSecond;
  }
  return view.length / 4_000;
}

/** Every third sample of PCM at 24 kHz, as G.711 has it (ITU-T G.711): µ-law or A-law, 8 kHz, a byte each. */
export function companded(samples: Buffer, law: 'pcmu' | 'pcma'): Buffer {
  const encode = law === 'pcmu' ? muLaw : aLaw;
  return Buffer.from(Array.from({ length: Math.floor(samples.length / 6) }, (_, index) => encode(samples.readInt16LE(index * 6))));
}

function muLaw(sample: number): number {
  const magnitude = Math.min(Math.abs(sample), 32_635) + 132;
  const exponent = Math.floor(Math.log2(magnitude)) - 7;
  const mantissa = (magnitude >> (exponent + 3)) & 15;
  return ~((sample < 0 ? 128 : 0) | (exponent << 4) | mantissa) & 255;
}

function aLaw(sample: number): number {
  // Thirteen bits; one's complement below zero.
  const magnitude = Math.min(sample < 0 ? ~sample : sample, 32_767) >> 3;
  const exponent = magnitude < 32 ? 0 : Math.floor(Math.log2(magnitude)) - 4;
  const mantissa = exponent === 0 ? magnitude >> 1 : magnitude >> exponent;
  return ((sample < 0 ? 0 : 128) | (exponent << 4) | (mantissa & 15)) ^ 0x55;
}
