/*
 * Scans a multipart/form-data body (RFC 7578) as it comes, without changing or keeping it: which parts there are, where each begins and ends, and what the
 * few that are asked for say. So a form can be judged, and a field of it spliced, while its files pass as bytes.
 *
 *   start ──first boundary──▶ head ──empty line──▶ content ──boundary──▶ head … ──closing boundary──▶ over
 *
 * Readers of forms differ about the odd ones: what one takes for a boundary, a name or an end another does not. Then a gateway would judge one form and the
 * server behind it answer another, so whatever can be read in two ways is refused.
 */

export class MultipartScanError extends Error {
  override readonly name = 'MultipartScanError';
}

export interface MultipartLimits {
  readonly partsMax: number;
  readonly headBytesMax: number;
  /** Of a part whose content is kept. */
  readonly keptBytesMax: number;
}

export const MULTIPART_LIMITS: MultipartLimits = { partsMax: 128, headBytesMax: 4_096, keptBytesMax: 65_536 };

export interface MultipartPart {
  readonly name: string;
  /** It has a file's name. */
  readonly isFile: boolean;
  /** Offsets of its content in the body: the first byte, and the one after the last. */
  readonly start: number;
  readonly end: number;
  /** Its content, where it was asked for. */
  readonly content: Uint8Array | undefined;
}

export interface MultipartScannerConfig {
  readonly boundary: string;
  /** Whether the content of a part of this name is to be kept. */
  readonly keeps: (name: string) => boolean;
  readonly limits?: MultipartLimits;
}

/** Takes one body, in chunks that may be cut anywhere. Every method throws a MultipartScanError for what is no plain form. */
export interface MultipartScanner {
  push(chunk: Uint8Array): void;
  /** The body is over: its parts, in their order. */
  finish(): readonly MultipartPart[];
}

/** The boundary that a `Content-Type` names; undefined where it is of no multipart/form-data. Empty where it names none, or none that RFC 2046 §5.1.1 permits. */
export function multipartBoundary(contentType: string | null): string | undefined {
  if (contentType === null || !/^\s*multipart\/form-data\s*(?:;|$)/i.test(contentType)) return undefined;
  const found = [...contentType.matchAll(/;\s*boundary=(?:"([^"]*)"|([^\s;"]*))/gi)];
  const boundary = found.length === 1 ? (found[0]?.[1] ?? found[0]?.[2] ?? '') : '';
  return /^[\w'()+,./:=? -]{0,69}[\w'()+,./:=?-]$/.test(boundary) ? boundary : '';
}

export function createMultipartScanner(config: MultipartScannerConfig): MultipartScanner {
  return new Scanner(config);
}

type State = 'start' | 'head' | 'content' | 'boundary' | 'over';

const EMPTY = Buffer.alloc(0);
const LINE = Buffer.from('\r\n');
const HEAD_END = Buffer.from('\r\n\r\n');
const DASH = 45;
/** White space that may follow a boundary on its line, and the closing one. */
const PADDING_BYTES_MAX = 16;

interface OpenPart {
  readonly name: string;
  readonly isFile: boolean;
  readonly start: number;
  readonly kept: Uint8Array[] | undefined;
}

class Scanner implements MultipartScanner {
  readonly #config: MultipartScannerConfig;
  readonly #limits: MultipartLimits;
  readonly #first: Buffer;
  readonly #delimiter: Buffer;
  readonly #parts: MultipartPart[] = [];
  #state: State = 'start';
  /** What could not be decided yet, and where in the body it begins. */
  #held: Buffer = EMPTY;
  #offset = 0;
  #open: OpenPart | undefined;
  #keptBytes = 0;
  #padding = 0;

  constructor(config: MultipartScannerConfig) {
    this.#config = config;
    this.#limits = config.limits ?? MULTIPART_LIMITS;
    this.#first = Buffer.from(`--${config.boundary}`);
    this.#delimiter = Buffer.from(`\r\n--${config.boundary}`);
  }

  push(chunk: Uint8Array): void {
    const fresh = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    this.#held = this.#held.length === 0 ? fresh : Buffer.concat([this.#held, fresh]);
    while (this.#step());
    // What is held must not be a view of a buffer that belongs to others.
    if (this.#held.length > 0 && this.#held.buffer === chunk.buffer) this.#held = Buffer.from(this.#held);
  }

  finish(): readonly MultipartPart[] {
    if (this.#state !== 'over') throw new MultipartScanError('it ends before its closing boundary');
    return this.#parts;
  }

  /** False when more bytes are needed. */
  #step(): boolean {
    switch (this.#state) {
      case 'start':
        return this.#readStart();
      case 'head':
        return this.#readHead();
      case 'content':
        return this.#readContent();
      case 'boundary':
        return this.#readBoundary();
      case 'over':
        return this.#readRest();
    }
  }

  #advance(bytes: number): void {
    this.#offset += bytes;
    this.#held = this.#held.subarray(bytes);
  }

  #readStart(): boolean {
    const { length } = this.#first;
    if (this.#held.length < length) {
      if (!this.#first.subarray(0, this.#held.length).equals(this.#held)) throw noBoundary();
      return false;
    }
    if (!this.#held.subarray(0, length).equals(this.#first)) throw noBoundary();
    this.#advance(length);
    this.#state = 'boundary';
    return true;
  }

  /** After the characters of a boundary: the end of its line, or of the form. */
  #readBoundary(): boolean {
    const held = this.#held;
    if (held.length < 2) return false;
    if (held[0] === DASH && held[1] === DASH) {
      if (this.#parts.length === 0) throw new MultipartScanError('it has no parts');
      this.#advance(2);
      this.#state = 'over';
      return true;
    }
    let at = 0;
    while (at < held.length && isBlank(held[at])) at += 1;
    if (at > PADDING_BYTES_MAX) throw lineLikeBoundary();
    if (held.length < at + 2) return false;
    if (held[at] !== LINE[0] || held[at + 1] !== LINE[1]) throw lineLikeBoundary();
    this.#advance(at + 2);
    this.#state = 'head';
    return true;
  }

  #readHead(): boolean {
    const end = this.#held.indexOf(HEAD_END);
    if (end === -1 ? this.#held.length > this.#limits.headBytesMax : end > this.#limits.headBytesMax)
      throw new MultipartScanError(`the head of a part is longer than ${this.#limits.headBytesMax} bytes`);
    if (end === -1) return false;
    if (this.#parts.length >= this.#limits.partsMax) throw new MultipartScanError(`it has more than ${this.#limits.partsMax} parts`);
    const { name, isFile } = parsePartHead(this.#held.subarray(0, end));
    // From the line end before the content, so that a boundary in its first line is seen.
    this.#advance(end + HEAD_END.length - LINE.length);
    this.#open = { name, isFile, start: this.#offset + LINE.length, kept: this.#config.keeps(name) ? [] : undefined };
    this.#keptBytes = 0;
    this.#state = 'content';
    return true;
  }

  #readContent(): boolean {
    const open = this.#open;
    if (open === undefined) throw new Error('there is no part to read');
    const found = this.#held.indexOf(this.#delimiter);
    const taken = found === -1 ? Math.max(0, this.#held.length - this.#delimiter.length + 1) : found;
    this.#keep(open, taken);
    this.#advance(taken);
    if (found === -1) return false;
    // An empty content, or one that begins like the boundary: there are readers for either.
    if (this.#offset < open.start) throw lineLikeBoundary();
    this.#parts.push({
      name: open.name,
      isFile: open.isFile,
      start: open.start,
      end: this.#offset,
      content: open.kept === undefined ? undefined : Buffer.concat(open.kept),
    });
    this.#open = undefined;
    this.#advance(this.#delimiter.length);
    this.#state = 'boundary';
    return true;
  }

  #keep({ kept, start, name }: OpenPart, taken: number): void {
    if (kept === undefined) return;
    const from = Math.min(taken, Math.max(0, start - this.#offset));
    if (taken <= from) return;
    this.#keptBytes += taken - from;
    if (this.#keptBytes > this.#limits.keptBytesMax)
      throw new MultipartScanError(`'${name.slice(0, 64)}' is longer than ${this.#limits.keptBytesMax} bytes`);
    kept.push(Buffer.from(this.#held.subarray(from, taken)));
  }

  /** What follows the closing boundary means nothing, but there are readers that would go on. */
  #readRest(): boolean {
    for (const byte of this.#held) if (!isBlank(byte) && !LINE.includes(byte)) throw new MultipartScanError('something follows its end');
    this.#padding += this.#held.length;
    if (this.#padding > PADDING_BYTES_MAX) throw new MultipartScanError('something follows its end');
    this.#advance(this.#held.length);
    return false;
  }
}

function isBlank(byte: number | undefined): boolean {
  return byte === 32 || byte === 9;
}

function noBoundary(): MultipartScanError {
  return new MultipartScanError('it does not begin with the boundary that its content type names');
}

function lineLikeBoundary(): MultipartScanError {
  return new MultipartScanError('a line in it begins like the boundary, and is none');
}

/** `form-data; name="model"; filename="a.wav"`: the parameters, each once, quoted or a token. */
const DISPOSITION = /^form-data((?:\s*;\s*[\w*-]+\s*=\s*(?:"(?:[^"\\]|\\.)*"|[^\s;"\\]+))+)\s*;?\s*$/i;
const PARAMETER = /;\s*([\w*-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;"\\]+))/g;

function parsePartHead(bytes: Uint8Array): { name: string; isFile: boolean } {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new MultipartScanError('the head of a part is no UTF-8');
  }
  let disposition: string | undefined;
  for (const line of text.split('\r\n')) {
    const colon = line.indexOf(':');
    // Folded lines, bare line feeds and names with spaces are read by some, and in other ways by others.
    if (colon < 1 || !/^[\w!#$%&'*+.^`|~-]+$/.test(line.slice(0, colon)) || /[\0-\x08\x0a-\x1f\x7f]/.test(line))
      throw new MultipartScanError('the head of a part has a line that is no header');
    const name = line.slice(0, colon).toLowerCase();
    const value = line.slice(colon + 1).trim();
    if (name === 'content-disposition') {
      if (disposition !== undefined) throw new MultipartScanError('a part has two Content-Dispositions');
      disposition = value;
    } else if (name === 'content-transfer-encoding' && !/^(?:7bit|8bit|binary)$/i.test(value)) {
      throw new MultipartScanError('a part has a Content-Transfer-Encoding, which forms do not have (RFC 7578, section 4.7)');
    }
  }
  return parseDisposition(disposition);
}

function parseDisposition(disposition: string | undefined): { name: string; isFile: boolean } {
  const parameters = disposition === undefined ? undefined : DISPOSITION.exec(disposition)?.[1];
  if (parameters === undefined) throw new MultipartScanError('a part has no Content-Disposition of a form');
  const values = new Map<string, string>();
  for (const [, given = '', quoted, token] of parameters.matchAll(PARAMETER)) {
    const name = given.toLowerCase();
    if (values.has(name)) throw new MultipartScanError(`a part has two of '${name}'`);
    values.set(name, quoted ?? token ?? '');
  }
  const name = values.get('name');
  if (name === undefined || values.has('name*')) throw new MultipartScanError('a part has no name');
  // Browsers write `%22`, others `\"`: who unescapes what is not agreed upon.
  if (name.includes('\\')) throw new MultipartScanError('the name of a part has a backslash');
  return { name, isFile: values.has('filename') || values.has('filename*') };
}
