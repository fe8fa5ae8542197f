/** An HTTP/1.1 reply as it comes off a socket, read byte by byte: unlike `fetch` it shows a reply that never came to its end. */
export interface RawReply {
  /** 0 when no status line came. */
  readonly status: number;
  /** In the order of the wire, names as they were written. */
  readonly headers: readonly (readonly [string, string])[];
  /** Without the framing of chunks; as far as it came. */
  readonly body: string;
  /** The body came to the end that its framing promised. */
  readonly complete: boolean;
  /** What became of the connection: still open, closed in order (FIN) or reset (RST). */
  readonly connection: 'open' | 'closed' | 'reset';
  /** Everything that came, undecoded. */
  readonly raw: string;
  /** Milliseconds from the connection to the first byte; null when none came. */
  readonly firstByteMs: number | null;
}

type Framing =
  | { readonly kind: 'none' }
  | { readonly kind: 'length'; readonly bytes: number }
  | { readonly kind: 'chunked' }
  | { readonly kind: 'close' };

export class ReplyParser {
  readonly #isHead: boolean;
  #unread = Buffer.alloc(0);
  #framing: Framing | undefined;
  readonly #body: Buffer[] = [];
  #bodyBytes = 0;
  status = 0;
  headers: [string, string][] = [];
  complete = false;

  /** A reply to HEAD promises a body and has none. */
  constructor(isHead: boolean) {
    this.#isHead = isHead;
  }

  push(bytes: Uint8Array): void {
    this.#unread = this.#unread.length === 0 ? Buffer.from(bytes) : Buffer.concat([this.#unread, bytes]);
    if (this.#framing === undefined) this.#readHead();
    if (this.#framing !== undefined && !this.complete) this.#readBody(this.#framing);
  }

  /** The peer ended in order: that is the end of a body that runs until then. */
  end(): void {
    if (this.#framing?.kind === 'close') this.complete = true;
  }

  body(): string {
    return Buffer.concat(this.#body).toString();
  }

  #readHead(): void {
    const end = this.#unread.indexOf('\r\n\r\n');
    if (end === -1) return;
    const [statusLine = '', ...lines] = this.#unread.subarray(0, end).toString('latin1').split('\r\n');
    this.#unread = this.#unread.subarray(end + 4);
    const status = Number(statusLine.split(' ')[1]);
    // 100 Continue and its like: the reply proper follows.
    if (status >= 100 && status < 200 && status !== 101) {
      this.#readHead();
      return;
    }
    this.status = status;
    this.headers = lines.map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim()]);
    this.#framing = this.#framingOf(status);
  }

  #framingOf(status: number): Framing {
    const header = (wanted: string) => this.headers.find(([name]) => name.toLowerCase() === wanted)?.[1];
    if (this.#isHead || status === 204 || status === 304) return { kind: 'none' };
    if (header('transfer-encoding')?.includes('chunked') === true) return { kind: 'chunked' };
    const length = header('content-length');
    return length === undefined ? { kind: 'close' } : { kind: 'length', bytes: Number(length) };
  }

  #readBody(framing: Framing): void {
    switch (framing.kind) {
      case 'none':
        this.complete = true;
        return;
      case 'length':
        this.#take(Math.min(this.#unread.length, framing.bytes - this.#bodyBytes));
        this.complete = this.#bodyBytes >= framing.bytes;
        return;
      case 'close':
        this.#take(this.#unread.length);
        return;
      case 'chunked':
        while (!this.complete && this.#readChunk()) {
          // Each turn takes one chunk.
        }
    }
  }

  /** Takes one whole chunk; false when it is not all there yet. */
  #readChunk(): boolean {
    const lineEnd = this.#unread.indexOf('\r\n');
    if (lineEnd === -1) return false;
    const size = Number.parseInt(this.#unread.subarray(0, lineEnd).toString('latin1'), 16);
    const dataAt = lineEnd + 2;
    if (this.#unread.length < dataAt + size + 2) return false;
    this.#unread = this.#unread.subarray(dataAt);
    this.#take(size);
    this.#unread = this.#unread.subarray(2);
    this.complete = size === 0;
    return true;
  }

  #take(count: number): void {
    if (count <= 0) return;
    this.#body.push(this.#unread.subarray(0, count));
    this.#bodyBytes += count;
    this.#unread = this.#unread.subarray(count);
  }
}
