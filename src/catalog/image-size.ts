/*
 * Width and height of an image, from the first bytes of its file: PNG, GIF, JPEG, WebP. Nothing is decoded, and what is cut short or no image gives
 * undefined. Sources: RFC 2083 §4.1.1, GIF89a §18, ITU T.81 §B.2.2, RFC 9649 §2.
 */

/** Pixels. */
export interface ImageSize {
  readonly width: number;
  readonly height: number;
}

/** Where the size of a JPEG stands depends on what its camera wrote before it; this far it is looked for. */
export const IMAGE_HEAD_BYTES = 262_144;

export function imageSize(bytes: Uint8Array): ImageSize | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const size = sizeOf(view);
  return size === undefined || size.width === 0 || size.height === 0 ? undefined : size;
}

function sizeOf(view: DataView): ImageSize | undefined {
  if (view.byteLength < 10) return undefined;
  if (isText(view, 0, '\x89PNG\r\n\x1a\n'))
    return view.byteLength < 24 ? undefined : { width: view.getUint32(16), height: view.getUint32(20) };
  if (isText(view, 0, 'GIF8')) return { width: view.getUint16(6, true), height: view.getUint16(8, true) };
  if (isText(view, 0, '\xff\xd8\xff')) return jpegSize(view);
  if (isText(view, 0, 'RIFF') && isText(view, 8, 'WEBP')) return webpSize(view);
  return undefined;
}

/** Segment after segment, up to the one that begins a frame. */
function jpegSize(view: DataView): ImageSize | undefined {
  let at = 2;
  while (at + 9 <= view.byteLength) {
    if (view.getUint8(at) !== 0xff) return undefined;
    const marker = view.getUint8(at + 1);
    // Fill bytes, and markers without a length.
    if (marker === 0xff) at += 1;
    else if (marker === 0x01 || (marker >= 0xd0 && marker <= 0xd8)) at += 2;
    else if (marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc)
      return { width: view.getUint16(at + 7), height: view.getUint16(at + 5) };
    else at += 2 + Math.max(2, view.getUint16(at + 2));
  }
  return undefined;
}

function webpSize(view: DataView): ImageSize | undefined {
  if (view.byteLength < 25) return undefined;
  if (isText(view, 12, 'VP8L')) {
    const bits = view.getUint32(21, true);
    return { width: (bits & 0x3fff) + 1, height: ((bits >>> 14) & 0x3fff) + 1 };
  }
  if (view.byteLength < 30) return undefined;
  if (isText(view, 12, 'VP8 ')) return { width: view.getUint16(26, true) & 0x3fff, height: view.getUint16(28, true) & 0x3fff };
  if (!isText(view, 12, 'VP8X')) return undefined;
  const three = (at: number): number => view.getUint16(at, true) | (view.getUint8(at + 2) << 16);
  return { width: three(24) + 1, height: three(27) + 1 };
}

function isText(view: DataView, at: number, text: string): boolean {
  if (at + text.length > view.byteLength) return false;
  for (let index = 0; index < text.length; index += 1) if (view.getUint8(at + index) !== text.charCodeAt(index)) return false;
  return true;
}
