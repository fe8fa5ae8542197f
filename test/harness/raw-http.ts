/*
 * HTTP clients that misbehave: bytes exactly as given, slowly if asked, half-closed, read in sips, or gone in the middle.
 */
import { connect, type Socket } from 'node:net';
import { type RawReply, ReplyParser } from './raw-reply.ts';

/** Bytes to send, or a pause before the next. */
export type RawPart = string | Uint8Array | { readonly waitMs: number };

export interface RawExchangeOptions {
  /** End our side after the last part; the other may still answer. */
  readonly halfClose?: boolean;
  /** Wait for the connection to end, though the reply is complete. */
  readonly untilClosed?: boolean;
  /** When to stop waiting and return what there is. Default 5 s. */
  readonly timeoutMs?: number;
}

interface RawRequest {
  readonly method?: string;
  /** The request target, as it is to stand in the request line. */
  readonly target: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** A well-formed request as text, with Host and Content-Length unless they are given. */
export function rawRequest({ method, target, headers = {}, body }: RawRequest): string {
  const lines = { Host: 'localhost', ...(body === undefined ? {} : { 'Content-Length': String(Buffer.byteLength(body)) }), ...headers };
  const head = Object.entries(lines).map(([name, value]) => `${name}: ${value}\r\n`);
  return `${method ?? (body === undefined ? 'GET' : 'POST')} ${target} HTTP/1.1\r\n${head.join('')}\r\n${body ?? ''}`;
}

/** Sends the parts on one connection and returns what came back: never throws for what the peer does, short of not listening. */
export async function rawExchange(url: string, parts: readonly RawPart[], options: RawExchangeOptions = {}): Promise<RawReply> {
  const [first] = parts;
  const peer = await open(url, typeof first === 'string' && first.startsWith('HEAD '));
  const { socket } = peer;
  socket.on('data', (bytes: Buffer) => {
    peer.take(bytes);
    if (peer.parser.complete && options.untilClosed !== true) peer.finish();
  });
  const timer = setTimeout(() => peer.finish(), options.timeoutMs ?? 5_000);
  for (const part of parts) {
    if (peer.isOver()) break;
    if (typeof part === 'object' && 'waitMs' in part) await Promise.race([Bun.sleep(part.waitMs), peer.over]);
    else socket.write(part);
  }
  if (options.halfClose === true) socket.end();
  await peer.over;
  clearTimeout(timer);
  socket.destroy();
  return peer.reply();
}

interface SlowReadOptions {
  readonly bytesPerSecond: number;
  /** When to stop waiting and return what there is. Default 30 s. */
  readonly timeoutMs?: number;
}

/**
 * Sends a request and takes the reply no faster than told, so that it backs up all the way to whoever writes it. The runtime hands
 * over up to half a megabyte at a time, so the rate holds on average: after a large piece comes a long pause. (Reading a paused
 * socket piece by piece would be finer, but Bun 1.4.5 goes on reading into memory then, and nothing backs up.)
 */
export async function slowRead(url: string, request: string, options: SlowReadOptions): Promise<RawReply> {
  const peer = await open(url);
  const { socket } = peer;
  let resuming: ReturnType<typeof setTimeout> | undefined;
  socket.on('data', (bytes: Buffer) => {
    peer.take(bytes);
    if (peer.parser.complete) peer.finish();
    socket.pause();
    resuming = setTimeout(() => socket.resume(), (bytes.length / options.bytesPerSecond) * 1_000);
  });
  const timer = setTimeout(() => peer.finish(), options.timeoutMs ?? 30_000);
  socket.write(request);
  await peer.over;
  clearTimeout(timer);
  clearTimeout(resuming);
  socket.destroy();
  return peer.reply();
}

/** Sends a request, reads until `bytes` have come, and leaves. Returns Unix milliseconds of the leaving. */
export async function leaveAfter(url: string, request: string, bytes: number): Promise<number> {
  const peer = await open(url);
  let read = 0;
  peer.socket.on('data', (piece: Buffer) => {
    read += piece.length;
    if (read >= bytes) peer.finish();
  });
  peer.socket.write(request);
  await peer.over;
  if (read < bytes) throw new Error(`the reply ended after ${read} bytes, before the client could leave`);
  const leftAtMs = Date.now();
  peer.socket.destroy();
  return leftAtMs;
}

/** Sends a request, reads the first bytes of the reply and no more, and leaves when told. Returns Unix milliseconds of the leaving. */
export async function stallUntil(url: string, request: string, leave: Promise<void>): Promise<number> {
  const peer = await open(url);
  peer.socket.on('data', () => {
    peer.socket.pause();
    peer.finish();
  });
  peer.socket.write(request);
  await peer.over;
  await leave;
  const leftAtMs = Date.now();
  peer.socket.destroy();
  return leftAtMs;
}

interface Peer {
  readonly socket: Socket;
  readonly parser: ReplyParser;
  /** Resolves when there is nothing more to wait for. */
  readonly over: Promise<void>;
  isOver(): boolean;
  finish(): void;
  take(bytes: Buffer): void;
  reply(): RawReply;
}

/** Throws when nobody listens. */
async function open(url: string, isHead = false): Promise<Peer> {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true, noDelay: true });
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('error', reject);
  });
  const startMs = performance.now();
  const parser = new ReplyParser(isHead);
  const raw: Buffer[] = [];
  const over = Promise.withResolvers<void>();
  let isOver = false;
  let connection: RawReply['connection'] = 'open';
  let firstByteMs: number | null = null;
  const finish = () => {
    isOver = true;
    over.resolve();
  };
  socket.on('error', (error: NodeJS.ErrnoException) => {
    // EPIPE: we wrote to a peer that had reset the connection already.
    if (error.code === 'ECONNRESET' || error.code === 'EPIPE') connection = 'reset';
    finish();
  });
  socket.on('end', () => {
    if (connection === 'open') connection = 'closed';
    parser.end();
    finish();
  });
  socket.on('close', finish);

  return {
    socket,
    parser,
    over: over.promise,
    isOver: () => isOver,
    finish,
    take(bytes) {
      firstByteMs ??= performance.now() - startMs;
      raw.push(bytes);
      parser.push(bytes);
    },
    reply: () => ({
      status: parser.status,
      headers: parser.headers,
      body: parser.body(),
      complete: parser.complete,
      connection,
      raw: Buffer.concat(raw).toString('latin1'),
      firstByteMs,
    }),
  };
}
