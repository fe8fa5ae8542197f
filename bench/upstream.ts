/*
 * The upstream of every bench: an OpenAI-shaped model server and a 1 KB service that answer constant bytes as cheaply as Bun
 * can write them, so that the core it shares with the load generator is not what is measured. It reads every request
 * to its end (raw TCP and a small HTTP/1.1 reader), keeps connections open, and writes each event of a stream on its own.
 *
 *   POST …/chat/completions   whole, or with `"stream":true` paced events: see fixtures.ts
 *   GET /bench/count          requests answered so far, and streams among them that were asked for their usage: proves that a cache
 *                             hit was one, that a proxied request was not, and that a metered stream was metered
 *   POST …/messages           paced events of Anthropic's
 *   anything else             1 KB of JSON
 *
 * A second port accepts connections and never answers, for health probes that hang. Both ports are printed as one JSON
 * line. The process ends with its parent, when its standard input closes.
 */
import type { Socket } from 'bun';
import {
  ANTHROPIC_END,
  ANTHROPIC_START,
  anthropicEvent,
  CHAT_REPLY,
  SERVICE_REPLY,
  STREAM_END,
  streamEvent,
  usageEvent,
} from './load/fixtures.ts';
import { HttpReader } from './load/http-reader.ts';

const WORDS = [' The', ' lamp', ' was', ' turned', ' by', ' a', ' clock', '.'];

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
  /** What comes before the content, each written on its own. */
  readonly first: readonly Buffer[];
  readonly content: readonly Buffer[];
  readonly last: readonly Buffer[];
}

const chatReply = wholeReply(CHAT_REPLY);
const serviceReply = wholeReply(SERVICE_REPLY);
const streamHead = Buffer.from(
  'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-cache\r\nTransfer-Encoding: chunked\r\n\r\n',
);
const meteredEvents = eventBytes(true);
const plainEvents = eventBytes(false);
const anthropicEvents = anthropicBytes();
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
  if (connection.path.endsWith('/messages')) {
    beginStream(socket, connection, anthropicEvents);
  } else if (!connection.path.endsWith('/chat/completions')) {
    send(socket, serviceReply);
  } else if (!connection.body.includes('"stream":true')) {
    send(socket, chatReply);
  } else {
    beginStream(socket, connection, connection.body.includes('"include_usage":true') ? meteredEvents : plainEvents);
  }
}

function beginStream(socket: Socket<Connection>, connection: Connection, events: EventBytes): void {
  if (events === meteredEvents) metered += 1;
  const contentEvents = Number(/"max_(?:completion_)?tokens":(\d+)/.exec(connection.body)?.[1] ?? 16);
  const intervalMs = Number(/"user(?:_id)?":"every-([\d.]+)-ms"/.exec(connection.body)?.[1] ?? 10);
  const eventsTotal = contentEvents + events.first.length + events.last.length;
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
  stream.sent += 1;
  stream.dueAtMs += stream.intervalMs;
  const left = eventsTotal - stream.sent;
  if (left === 0) {
    streaming.delete(socket);
    socket.data.stream = undefined;
  }
  const { first, content, last } = events;
  const bytes = first[sent] ?? (left < last.length ? last[last.length - 1 - left] : content[sent % content.length]);
  if (bytes !== undefined) send(socket, bytes);
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
  return {
    first: [chunk(streamEvent({ role: 'assistant', content: '', refusal: null }, null, usageAsked))],
    content: WORDS.map((content) => chunk(streamEvent({ content }, null, usageAsked))),
    last: [
      chunk(streamEvent({}, 'stop', usageAsked)),
      ...(usageAsked ? [chunk(usageEvent(64))] : []),
      Buffer.concat([chunk(STREAM_END), Buffer.from('0\r\n\r\n')]),
    ],
  };
}

function anthropicBytes(): EventBytes {
  const last = ANTHROPIC_END.map((event) => chunk(anthropicEvent(event)));
  return {
    first: ANTHROPIC_START.map((event) => chunk(anthropicEvent(event))),
    content: WORDS.map((text) => chunk(anthropicEvent({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text } }))),
    last: last.map((bytes, index) => (index === last.length - 1 ? Buffer.concat([bytes, Buffer.from('0\r\n\r\n')]) : bytes)),
  };
}

function chunk(text: string): Buffer {
  return Buffer.from(`${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`);
}
