import type { Socket } from '../socket.ts';
import { hashDigits } from '../text.ts';
import type { ServerEvent } from './response-plan.ts';

/** Bytes that may wait for the client before we wait for it. */
const BACKLOG_BYTES_MAX = 1_048_576;

/** Our end of one socket: events go out with an id each. */
export class Wire {
  readonly #socket: Socket;
  readonly #session: string;
  #sent = 0;
  #drained: PromiseWithResolvers<void> | undefined;

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
    this.#socket.send(text);
  }

  /** Resolves when the client has taken enough of what was said. */
  async ready(): Promise<void> {
    while (this.#socket.readyState === WebSocket.OPEN && this.#socket.getBufferedAmount() > BACKLOG_BYTES_MAX) {
      this.#drained ??= Promise.withResolvers();
      await this.#drained.promise;
    }
  }

  /** The client took some, or is gone. */
  drained(): void {
    this.#drained?.resolve();
    this.#drained = undefined;
  }

  /** With a close frame. */
  close(code = 1000): void {
    this.#socket.close(code);
  }

  /** Without one. */
  cut(): void {
    this.#socket.terminate();
  }
}
