/*
 * How many tokens images, sounds, films and documents are, about, by the rules that vendors publish. Sizes are read from the first bytes; where they
 * can't be (a URL, an unknown format), a middling one is taken.
 */

import { type ImageSize, imageSize } from './image-size.ts';
import type { ImageCounting } from './snapshot.ts';

/** Where no rule is known: between what the three rules give for a photograph. */
const IMAGE_TOKENS = 1_000;

/** Tokens of an image. `size` undefined: not known; `detail`: OpenAI's word for how closely to look. */
export function imageTokens(counting: ImageCounting | undefined, size: ImageSize | undefined, detail?: string): number {
  switch (counting) {
    case 'tiles':
      return detail === 'low' ? TILES.base : tileTokens(size ?? { width: 1_024, height: 1_024 });
    case 'area':
      return size === undefined ? AREA_MAX : areaTokens(size);
    case 'squares':
      return squareTokens(size ?? { width: 1_024, height: 1_024 });
    default:
      return IMAGE_TOKENS;
  }
}

const TILES = { base: 85, each: 170, side: 512, longest: 2_048, shortest: 768 } as const;

/**
 * OpenAI: fitted into 2048 × 2048, then the shorter side to 768, never enlarged; 170 for each tile of 512 × 512, and 85. The numbers are GPT-4o's and
 * GPT-4.1's; other models have their own, between a half (o-series) and much more (GPT-4o mini, whose tokens cost so much less).
 * Source: platform.openai.com/docs/guides/images-vision, "Calculating costs".
 */
function tileTokens({ width, height }: ImageSize): number {
  const fit = Math.min(1, TILES.longest / Math.max(width, height));
  const shrink = fit * Math.min(1, TILES.shortest / (Math.min(width, height) * fit));
  // A side that is a whole number of tiles must not become one more by a rounding error.
  const across = (side: number): number => Math.max(1, Math.ceil(Math.round(side * shrink) / TILES.side));
  return TILES.base + TILES.each * across(width) * across(height);
}

/** Larger images are scaled down to about this. */
const AREA_MAX = 1_600;
const AREA_SIDE_MAX = 1_568;

/** Anthropic: width × height / 750, scaled down to 1568 pixels at the longer side and to some 1,600 tokens. Source: docs.claude.com, "Vision". */
function areaTokens({ width, height }: ImageSize): number {
  const fit = Math.min(1, AREA_SIDE_MAX / Math.max(width, height));
  return Math.min(AREA_MAX, Math.max(1, Math.ceil((width * fit * height * fit) / 750)));
}

const SQUARE_TOKENS = 258;
/** No vendor takes images of more pixels than this many squares. */
const SQUARES_MAX = 256;

/**
 * Google: 258 for an image of up to 384 × 384; else for each square that it is cut into, whose side is the shorter side / 1.5, between 256 and 768.
 * Source: ai.google.dev/gemini-api/docs/tokens and …/image-understanding.
 */
function squareTokens({ width, height }: ImageSize): number {
  if (width <= 384 && height <= 384) return SQUARE_TOKENS;
  const side = Math.min(768, Math.max(256, Math.floor(Math.min(width, height) / 1.5)));
  return SQUARE_TOKENS * Math.min(SQUARES_MAX, Math.ceil(width / side) * Math.ceil(height / side));
}

/** What a part of a chat that is no text may be. */
export type MediaKind = 'image' | 'audio' | 'video' | 'file';

export interface Media {
  readonly kind: MediaKind;
  /** Undefined where only its address is known. */
  readonly bytes?: number | undefined;
  /** Its first bytes, as many as there are. */
  readonly head?: Uint8Array | undefined;
  readonly detail?: string | undefined;
}

/** Where nothing is known of it: half a minute of sound, ten seconds of film, three pages. */
const UNKNOWN_TOKENS: Readonly<Record<Exclude<MediaKind, 'image'>, number>> = { audio: 960, video: 2_630, file: 6_000 };

/** Google: 32 tokens for a second of sound, 263 for one of film (ai.google.dev/gemini-api/docs/tokens). OpenAI's sound is 10, so this is the upper end. */
const AUDIO_TOKENS_PER_SECOND = 32;
const VIDEO_TOKENS_PER_SECOND = 263;
/** 128 kbit/s, as most MP3 files; WAV says itself. */
const AUDIO_BYTES_PER_SECOND = 16_000;
/** 2 Mbit/s. */
const VIDEO_BYTES_PER_SECOND = 250_000;
/** Anthropic: 1,500 to 3,000 tokens for a page of a PDF (docs.claude.com, "PDF support"); a page is some 50 kB. */
const FILE_BYTES_PER_TOKEN = 25;

export function mediaTokens(media: Media, counting: ImageCounting | undefined): number {
  const { kind, bytes, head } = media;
  if (kind === 'image') return imageTokens(counting, head === undefined ? undefined : imageSize(head), media.detail);
  if (bytes === undefined) return UNKNOWN_TOKENS[kind];
  switch (kind) {
    case 'audio':
      return Math.ceil((bytes / audioRate(head)) * AUDIO_TOKENS_PER_SECOND);
    case 'video':
      return Math.ceil((bytes / VIDEO_BYTES_PER_SECOND) * VIDEO_TOKENS_PER_SECOND);
    case 'file':
      return Math.ceil(bytes / FILE_BYTES_PER_TOKEN);
  }
}

/** Bytes a second. RIFF WAVE has it in its head (bytes 28 to 31). */
function audioRate(head: Uint8Array | undefined): number {
  if (head === undefined || head.length < 32) return AUDIO_BYTES_PER_SECOND;
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  const isWave = view.getUint32(0) === 0x52494646 && view.getUint32(8) === 0x57415645;
  const rate = isWave ? view.getUint32(28, true) : 0;
  // Below a telephone's and above a studio's, the head lies.
  return rate >= 1_000 && rate <= 10_000_000 ? rate : AUDIO_BYTES_PER_SECOND;
}
