/*
 * The upstream of every bench: an OpenAI-shaped model server and a 1 KB service that answer constant bytes as cheaply as Bun
 * can write them, so that the core it shares with the load generator is not what is measured. It reads every request
 * to its end (raw TCP and a small HTTP/1.1 reader), keeps connections open, and writes each event of a stream on its own.
 *
 *   POST …/chat/completions   whole, or with `"stream":true` paced events: see fixtures.ts
 *   GET /bench/count          requests answered so far, and streams among them that were asked for their usage: proves that a cache
 *                             hit was one, that a proxied request was not, and that a metered stream was metered
 *   anything else             1 KB of JSON
 *
 * A second port accepts connections and never answers, for health probes that hang. Both ports are printed as one JSON
 * line. The process ends with its parent, when its standard input closes.
 */
import type { Socket } from 'bun';
import { CHAT_REPLY, SERVICE_REPLY, STREAM_END, streamEvent, usageEvent } from './load/fixtures.ts';
import { HttpReader } from './load/http-reader.ts';

interface Connection {
  readonly reader: HttpReader;
  path: string;
  body: string;
  /** Bytes that the socket did not take at once. */
  unsent: Buffer | undefined;
  stream: Stream | undefined;
}

interface Stream {
  readonly events: EventBytes;
  readonly eventsTotal: number;
  readonly intervalMs: number;
  sent: number;
  dueAtMs: number;
}

interface EventBytes {
  readonly first: Buffer;
  readonly content: readonly Buffer[];
  readonly finish: Buffer;
  readonly usage: Buffer | undefined;
  readonly end: Buffer;
}

const chatReply = wholeReply(CHAT_REPLY);
const serviceReply = wholeReply(SERVICE_REPLY);
const streamHead = Buffer.from(
  'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-cache\r\nTransfer-Encoding: chunked\r\n\r\n',
);
const meteredEvents = eventBytes(true);
const plainEvents = eventBytes(false);
const streaming = new Set<Socket<Connection>>();
let answered = 0;
let metered = 0;

const server = Bun.listen<Connection>({
  hostname: '127.0.0.1',
  port: 0,
  socket: {
    open(socket) {
      socket.setNoDelay(true);
      socket.data = newConnection(socket);
    },
    data: (socket, bytes) => socket.data.reader.push(bytes),
    drain: flush,
    close: (socket) => void streaming.delete(socket),
    error: (socket) => void streaming.delete(socket),
  },
});
const silent = Bun.listen({ hostname: '127.0.0.1', port: 0, socket: { data: () => undefined } });

setInterval(sendDueEvents, 1);
process.stdin.on('end', () => process.exit(0)).resume();
process.stdout.write(`${JSON.stringify({ port: server.port, silentPort: silent.port })}\n`);

function newConnection(socket: Socket<Connection>): Connection {
  const connection: Connection = {
    path: '',
    body: '',
    unsent: undefined,
    stream: undefined,
    reader: new HttpReader({
      head(text) {
        connection.path = text.slice(text.indexOf(' ') + 1, text.indexOf(' HTTP/'));
        connection.body = '';
      },
      body(bytes) {
        connection.body += bytes.toString('latin1');
      },
      end: () => answer(socket, connection),
    }),
  };
  return connection;
}

function answer(socket: Socket<Connection>, connection: Connection): void {
  if (connection.path === '/bench/count') {
    send(socket, wholeReply(JSON.stringify({ answered, metered })));
    return;
  }
  answered += 1;
  if (!connection.path.endsWith('/chat/completions')) {
    send(socket, serviceReply);
  } else if (!connection.body.includes('"stream":true')) {
    send(socket, chatReply);
  } else {
    beginStream(socket, connection);
  }
}

function beginStream(socket: Socket<Connection>, connection: Connection): void {
  const events = connection.body.includes('"include_usage":true') ? meteredEvents : plainEvents;
  if (events === meteredEvents) metered += 1;
  const contentEvents = Number(/"max_tokens":(\d+)/.exec(connection.body)?.[1] ?? 16);
  const intervalMs = Number(/"user":"every-([\d.]+)-ms"/.exec(connection.body)?.[1] ?? 10);
  const eventsTotal = contentEvents + (events.usage === undefined ? 3 : 4);
  connection.stream = { events, eventsTotal, intervalMs, sent: 0, dueAtMs: performance.now() };
  streaming.add(socket);
  send(socket, streamHead);
  sendNextEvent(socket, connection.stream);
}

/** At most one event of a stream per millisecond: an upstream that is late does not merge events into one write. */
function sendDueEvents(): void {
  const nowMs = performance.now();
  for (const socket of streaming) {
    const { stream, unsent } = socket.data;
    if (stream !== undefined && unsent === undefined && stream.dueAtMs <= nowMs) sendNextEvent(socket, stream);
  }
}

function sendNextEvent(socket: Socket<Connection>, stream: Stream): void {
  const { events, eventsTotal, sent } = stream;
  const usageEvents = events.usage === undefined ? 0 : 1;
  stream.sent += 1;
  stream.dueAtMs += stream.intervalMs;
  if (sent === 0) return send(socket, events.first);
  if (sent === eventsTotal - 1) {
    streaming.delete(socket);
    socket.data.stream = undefined;
    return send(socket, events.end);
  }
  if (events.usage !== undefined && sent === eventsTotal - 2) return send(socket, events.usage);
  if (sent === eventsTotal - 2 - usageEvents) return send(socket, events.finish);
  send(socket, events.content[sent % events.content.length] ?? events.finish);
}

function send(socket: Socket<Connection>, bytes: Buffer): void {
  const connection = socket.data;
  if (connection.unsent !== undefined) {
    connection.unsent = Buffer.concat([connection.unsent, bytes]);
    return;
  }
  const written = socket.write(bytes);
  if (written >= 0 && written < bytes.length) connection.unsent = bytes.subarray(written);
}

function flush(socket: Socket<Connection>): void {
  const bytes = socket.data.unsent;
  socket.data.unsent = undefined;
  if (bytes !== undefined) send(socket, bytes);
}

function wholeReply(body: string): Buffer {
  return Buffer.from(`HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
}

function eventBytes(usageAsked: boolean): EventBytes {
  const words = [' The', ' lamp', ' was', ' turned', ' by', ' a', ' clock', '.'];
  return {
    first: chunk(streamEvent({ role: 'assistant', content: '', refusal: null }, null, usageAsked)),
    content: words.map((content) => chunk(streamEvent({ content }, null, usageAsked))),
    finish: chunk(streamEvent({}, 'stop', usageAsked)),
    usage: usageAsked ? chunk(usageEvent(64)) : undefined,
    end: Buffer.concat([chunk(STREAM_END), Buffer.from('0\r\n\r\n')]),
  };
}

function chunk(text: string): Buffer {
  return Buffer.from(`${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`);
}
