/* Where a gateway is reached. */

import type { Config } from '../config/config.ts';
import { UsageError } from './command.ts';

/** What `--url` says, without a slash or `/v1` at its end. Throws a UsageError for what is no web address. */
export function gatewayUrl(text: string): string {
  try {
    const url = new URL(text);
    if (url.protocol === 'http:' || url.protocol === 'https:') return url.href.replace(/\/+$/, '').replace(/\/v1$/, '');
  } catch {
    // Told below, as any other that is none.
  }
  throw new UsageError(`--url ${text}: write http://host:port or https://host`);
}

/** Whoever listens everywhere is reached on loopback, too. */
export function listeningUrl({ server }: Config): string {
  const host = ['0.0.0.0', '::', '[::]'].includes(server.host) ? '127.0.0.1' : server.host;
  return `${server.tls === undefined ? 'http' : 'https'}://${host.includes(':') && !host.startsWith('[') ? `[${host}]` : host}:${server.port}`;
}
