/** A realtime session over a plain WebSocket, for what the official client does not show: the order of all events, and how a socket ends. */
import type OpenAI from 'openai';

export type RealtimeEvent = OpenAI.Realtime.RealtimeServerEvent;
type EventOf<Type extends RealtimeEvent['type']> = Extract<RealtimeEvent, { type: Type }>;

export interface RealtimeTalk extends AsyncDisposable {
  readonly socket: WebSocket;
  /** All that came, in order. */
  readonly events: readonly RealtimeEvent[];
  /** Frames that are no JSON. */
  readonly broken: readonly string[];
  say(event: object | string): void;
  /** Those of one type that came so far. */
  all<Type extends RealtimeEvent['type']>(type: Type): EventOf<Type>[];
  /** Resolves with the first event of a type behind those that were waited for before. */
  until<Type extends RealtimeEvent['type']>(type: Type): Promise<EventOf<Type>>;
  /** The close code, once closed. */
  readonly closed: Promise<number>;
}

/** Opens a socket at `http://…` and says nothing. Rejects when it does not open. */
export async function openRealtime(url: string, protocols: string[] = []): Promise<RealtimeTalk> {
  const socket = new WebSocket(url.replace(/^http/, 'ws'), protocols);
  const events: RealtimeEvent[] = [];
  const broken: string[] = [];
  const opened = Promise.withResolvers<void>();
  const closed = Promise.withResolvers<number>();
  let wake = Promise.withResolvers<void>();
  let seen = 0;
  socket.addEventListener('message', ({ data }) => {
    try {
      events.push(JSON.parse(String(data)) as RealtimeEvent);
    } catch {
      broken.push(String(data));
    }
    wake.resolve();
  });
  socket.addEventListener('close', ({ code }) => {
    closed.resolve(code);
    wake.resolve();
  });
  socket.addEventListener('open', () => opened.resolve());
  socket.addEventListener('error', () => opened.reject(new Error('the socket did not open')));
  await opened.promise;

  const all: RealtimeTalk['all'] = (type) => events.filter((event): event is EventOf<typeof type> => event.type === type);
  return {
    socket,
    events,
    broken,
    closed: closed.promise,
    all,
    say: (event) => socket.send(typeof event === 'string' ? event : JSON.stringify(event)),
    async until(type) {
      for (;;) {
        while (seen < events.length) {
          const event = events[seen];
          seen += 1;
          if (event?.type === type) return event as EventOf<typeof type>;
        }
        if (socket.readyState !== WebSocket.OPEN) throw new Error(`closed before ${type}: ${events.map((event) => event.type).join(', ')}`);
        wake = Promise.withResolvers();
        await wake.promise;
      }
    },
    async [Symbol.asyncDispose]() {
      socket.close();
      await closed.promise;
    },
  };
}

export function userMessage(text: string): object {
  return { type: 'conversation.item.create', item: { type: 'message', role: 'user', content: [{ type: 'input_text', text }] } };
}

/** Answers are to be written, not spoken. */
export const IN_WRITING = { type: 'session.update', session: { type: 'realtime', output_modalities: ['text'] } };
