/*
 * An upstream whose every byte the test decides: a plain TCP server that reads HTTP/1.1 requests and hands each to `answer` with its socket.
 */
import { createServer, type Socket } from 'node:net';

export interface Received {
  readonly method: string;
  readonly target: string;
  /** Lower-case names; repeated ones joined with a comma. */
  readonly headers: ReadonlyMap<string, string>;
  /** Bytes after the head that came with it. */
  readonly body: string;
  /** Counts the connections of this server from 1. */
  readonly connection: number;
  /** Counts the requests of this server from 1. */
  readonly number: number;
}

export interface FaultyUpstream extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  readonly requests: readonly Received[];
  /** Connections accepted so far. */
  readonly connections: number;
  /** Connections that are open now. */
  readonly open: number;
}

export type Answer = (request: Received, socket: Socket) => void;

export async function startFaultyUpstream(answer: Answer, port = 0, host = '127.0.0.1'): Promise<FaultyUpstream> {
  const requests: Received[] = [];
  const sockets = new Set<Socket>();
  let connections = 0;
  const server = createServer((socket) => {
    connections += 1;
    const connection = connections;
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
    let pending = '';
    socket.on('data', (bytes) => {
      pending += bytes.toString('latin1');
      for (;;) {
        const parsed = parseRequest(pending);
        if (parsed === undefined) return;
        pending = pending.slice(parsed.length);
        const request: Received = { ...parsed.request, connection, number: requests.length + 1 };
        requests.push(request);
        answer(request, socket);
      }
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    url: `http://${host}:${address.port}`,
    port: address.port,
    requests,
    get connections() {
      return connections;
    },
    get open() {
      return sockets.size;
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function parseRequest(text: string): { request: Omit<Received, 'connection' | 'number'>; length: number } | undefined {
  const end = text.indexOf('\r\n\r\n');
  if (end === -1) return undefined;
  const [first = '', ...lines] = text.slice(0, end).split('\r\n');
  const [method = '', target = ''] = first.split(' ');
  const headers = new Map<string, string>();
  for (const line of lines) {
    const colon = line.indexOf(':');
    const name = line.slice(0, colon).toLowerCase();
    const value = line.slice(colon + 1).trim();
    headers.set(name, headers.has(name) ? `${headers.get(name)},${value}` : value);
  }
  const start = end + 4;
  let length = start + Number(headers.get('content-length') ?? 0);
  if (headers.get('transfer-encoding') === 'chunked') {
    const last = text.indexOf('0\r\n\r\n', start);
    if (last === -1) return undefined;
    length = last + 5;
  }
  if (text.length < length) return undefined;
  return { request: { method, target, headers, body: text.slice(start, length) }, length };
}

/** A whole HTTP/1.1 reply. */
export function httpReply(code: number, body: string, headers: Readonly<Record<string, string>> = {}): string {
  const lines = Object.entries({ 'content-length': String(Buffer.byteLength(body)), ...headers }).map(
    ([name, value]) => `${name}: ${value}\r\n`,
  );
  return `HTTP/1.1 ${code} Because\r\n${lines.join('')}\r\n${body}`;
}

/** The head of a chunked reply. */
export function chunkedHead(code: number, headers: Readonly<Record<string, string>> = {}): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${code} Because\r\n${lines.join('')}transfer-encoding: chunked\r\n\r\n`;
}

export function chunk(text: string): string {
  return `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`;
}

/** Answers the n-th request with the n-th of these, and the rest with the last. */
export function inTurn(...answers: readonly Answer[]): Answer {
  return (request, socket) => answers[Math.min(request.number, answers.length) - 1]?.(request, socket);
}

export const ok: Answer = (request, socket) => void socket.write(httpReply(200, `ok ${request.number}`));
export const reset: Answer = (_request, socket) => void socket.resetAndDestroy();
export const silence: Answer = () => {};
export function status(code: number, headers: Readonly<Record<string, string>> = {}, body = `{"message":"status ${code}"}`): Answer {
  return (_request, socket) => void socket.write(httpReply(code, body, { 'content-type': 'application/json', ...headers }));
}
