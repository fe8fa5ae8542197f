/*
 * One keep-alive connection of the load generator: sends the same request again and again, reads each reply to its end and
 * says whether it was what the job expects. A connection that the server closes between two replies is opened anew.
 */
import type { Socket } from 'bun';
import { MESSAGES_END, STREAM_END } from './fixtures.ts';
import { HttpReader } from './http-reader.ts';

export interface Expectation {
  readonly bodyBytes: number | undefined;
  /** Events of a stream that must end in `[DONE]`; 0 for a whole reply. */
  readonly events: number;
  readonly anyStatus: boolean;
}

export interface ConnectionEvents {
  /** The first bytes of the body have come. */
  firstByte(): void;
  /** `fault` is undefined when the reply was complete and as expected. */
  reply(fault: string | undefined): void;
}

const EVENT_END = Buffer.from('\n\n');

/** The last characters of a whole stream, of OpenAI's and of Anthropic's. */
const ENDS: ReadonlySet<string> = new Set([STREAM_END, MESSAGES_END].map((end) => end.slice(-STREAM_END.length)));

export class LoadConnection {
  private socket: Socket | undefined;
  private reader: HttpReader | undefined;
  private request: Buffer;
  private readonly port: number;
  private readonly expectation: Expectation;
  private readonly events: ConnectionEvents;
  private waiting = false;
  private closing = false;
  private status = 0;
  private bodyBytes = 0;
  private eventsSeen = 0;
  private tail = '';

  constructor(target: { port: number; request: Buffer }, expectation: Expectation, events: ConnectionEvents) {
    this.port = target.port;
    this.request = target.request;
    this.expectation = expectation;
    this.events = events;
  }

  async open(): Promise<void> {
    this.reader = this.newReader();
    this.socket = await Bun.connect({
      hostname: '127.0.0.1',
      port: this.port,
      socket: {
        open: (socket) => void socket.setNoDelay(true),
        data: (_socket, bytes) => this.receive(bytes),
        close: () => this.lost('the connection was closed'),
        error: (_socket, error) => this.lost(error.message),
      },
    });
  }

  /** Sends the request, or another one from now on; exactly one `reply` event follows. */
  send(request: Buffer = this.request): void {
    this.request = request;
    this.waiting = true;
    this.bodyBytes = 0;
    this.eventsSeen = 0;
    this.tail = '';
    if (this.socket === undefined) this.reopenAndSend();
    else if (this.socket.write(this.request) !== this.request.length) this.lost('the request did not fit the send buffer');
  }

  close(): void {
    this.closing = true;
    this.socket?.end();
  }

  private reopenAndSend(): void {
    this.open().then(
      () => void this.socket?.write(this.request),
      (error: unknown) => {
        this.waiting = false;
        this.events.reply(`cannot connect: ${String(error)}`);
      },
    );
  }

  private receive(bytes: Buffer): void {
    try {
      this.reader?.push(bytes);
    } catch (error) {
      this.socket?.end();
      this.lost(String(error));
    }
  }

  private lost(reason: string): void {
    this.socket = undefined;
    if (!this.waiting || this.closing) return;
    this.waiting = false;
    this.events.reply(reason);
  }

  private newReader(): HttpReader {
    return new HttpReader({
      head: (text) => {
        this.status = Number(text.slice(9, 12));
      },
      body: (bytes) => {
        if (this.bodyBytes === 0) this.events.firstByte();
        this.bodyBytes += bytes.length;
        if (this.expectation.events > 0) this.countEvents(bytes);
      },
      end: () => {
        this.waiting = false;
        this.events.reply(this.fault());
      },
    });
  }

  /** An event's two newlines may arrive in two pieces: `tail` keeps the end of what came before. */
  private countEvents(bytes: Buffer): void {
    if (this.tail.endsWith('\n') && bytes[0] === 10 && !this.tail.endsWith('\n\n')) this.eventsSeen += 1;
    let at = bytes.indexOf(EVENT_END);
    while (at >= 0) {
      this.eventsSeen += 1;
      at = bytes.indexOf(EVENT_END, at + 2);
    }
    const kept =
      bytes.length >= STREAM_END.length ? bytes.toString('latin1', bytes.length - STREAM_END.length) : this.tail + bytes.toString('latin1');
    this.tail = kept.slice(-STREAM_END.length);
  }

  private fault(): string | undefined {
    const { anyStatus, events, bodyBytes } = this.expectation;
    if (this.status !== 200 && !anyStatus) return `status ${this.status}`;
    if (bodyBytes !== undefined && this.bodyBytes !== bodyBytes) return `a body of ${this.bodyBytes} bytes instead of ${bodyBytes}`;
    if (events === 0) return undefined;
    if (!ENDS.has(this.tail)) return 'a stream without its last event';
    return this.eventsSeen === events ? undefined : `a stream of ${this.eventsSeen} events instead of ${events}`;
  }
}
