import type { Socket } from '../sockets.ts';
import { hashDigits } from '../text.ts';
import type { ServerEvent } from './response-plan.ts';

/** Our end of one socket: events go out with an id each. */
export class Wire {
  readonly #socket: Socket;
  readonly #session: string;
  #sent = 0;
  #taken: Promise<void> = Promise.resolve();

  constructor(socket: Socket, session: string) {
    this.#socket = socket;
    this.#session = session;
  }

  say(event: ServerEvent): void {
    this.#sent += 1;
    const { type, ...rest } = event;
    this.raw(JSON.stringify({ type, event_id: `event_${hashDigits(`${this.#session}\n${this.#sent}`, 0)}`, ...rest }));
  }

  /** A frame as it is, broken or not. */
  raw(text: string): void {
    this.#taken = this.#socket.send(text);
  }

  /** Resolves when the client has taken enough of what was said, or is gone. */
  ready(): Promise<void> {
    return this.#taken;
  }

  /** With a close frame. */
  close(): void {
    this.#socket.close(1000, '');
  }

  /** Without one. */
  cut(): void {
    this.#socket.cut();
  }
}
