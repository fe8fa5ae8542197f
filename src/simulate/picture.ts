/*
 * A picture that follows from a text: 8 × 8 squares in four colours, the left half mirrored to the right. As a PNG (W3C, PNG third
 * edition) of any size it takes about a kilobyte, for it has two bits a pixel and nearly all lines are like the one above.
 */
import { crc32, deflateSync } from 'node:zlib';
import { hash, seededRandom } from './text.ts';

export interface PictureSize {
  readonly width: number;
  readonly height: number;
}

export const PICTURE_FORMATS = ['png', 'jpeg', 'webp'] as const;
export type PictureFormat = (typeof PICTURE_FORMATS)[number];

/** Pixels of one edge. */
export const PICTURE_EDGE_MAX = 3_840;
const SQUARES = 8;
const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

/** `detail`, 0 to 1: how many of the squares are there yet; the rest has the first colour. */
export async function picture(text: string, size: PictureSize, more: { format?: PictureFormat; detail?: number } = {}): Promise<Buffer> {
  const png = pngOf(text, size, more.detail ?? 1);
  const { format = 'png' } = more;
  if (format === 'png') return png;
  const image = new Bun.Image(png);
  return format === 'jpeg' ? image.jpeg({ quality: 80 }).buffer() : image.webp({ lossless: true }).buffer();
}

/** Pixels of an uploaded picture; undefined: it is none. */
export async function pictureSize(bytes: Uint8Array<ArrayBuffer>): Promise<PictureSize | undefined> {
  try {
    const { width, height } = await new Bun.Image(bytes).metadata();
    return { width, height };
  } catch {
    return undefined;
  }
}

function pngOf(text: string, { width, height }: PictureSize, detail: number): Buffer {
  const random = seededRandom(hash(text, 0));
  const palette = Buffer.from(Array.from({ length: 12 }, () => Math.floor(random() * 256)));
  const squares = Array.from({ length: (SQUARES * SQUARES) / 2 }, () => Math.floor(random() * 4));
  const shown = Math.round(squares.length * detail);
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  // Two bits a pixel, colours from a palette.
  head.set([2, 3, 0, 0, 0], 8);
  const colourAt = (column: number, row: number) => {
    const at = row * (SQUARES / 2) + (column < SQUARES / 2 ? column : SQUARES - 1 - column);
    return at < shown ? (squares[at] ?? 0) : 0;
  };
  return Buffer.concat([
    SIGNATURE,
    chunk('IHDR', head),
    chunk('PLTE', palette),
    chunk('IDAT', deflateSync(rowsOf({ width, height }, colourAt))),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

/** The lines of pixels, each after its filter type: 0, none. */
function rowsOf({ width, height }: PictureSize, colourAt: (column: number, row: number) => number): Buffer {
  const lineBytes = 1 + Math.ceil(width / 4);
  const rows = Buffer.alloc(lineBytes * height);
  let drawn = -1;
  for (let y = 0; y < height; y += 1) {
    const row = Math.floor((y * SQUARES) / height);
    const at = y * lineBytes;
    if (row === drawn) {
      rows.copyWithin(at, at - lineBytes, at);
      continue;
    }
    drawn = row;
    for (let x = 0; x < width; x += 1) {
      const byteAt = at + 1 + (x >> 2);
      const colour = colourAt(Math.floor((x * SQUARES) / width), row);
      rows[byteAt] = (rows[byteAt] ?? 0) | (colour << (6 - 2 * (x & 3)));
    }
  }
  return rows;
}

function chunk(type: string, data: Buffer): Buffer {
  const typed = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const framed = Buffer.alloc(typed.length + 8);
  framed.writeUInt32BE(data.length, 0);
  framed.set(typed, 4);
  framed.writeUInt32BE(crc32(typed), typed.length + 4);
  return framed;
}
