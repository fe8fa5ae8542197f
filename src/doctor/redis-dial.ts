/*
 * The first word with a Redis, spoken by ourselves: the client only says that the connection was closed, whatever the reason was. One
 * command is sent and one line is read.
 */

import { createConnection, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { Clock } from '../base/clock.ts';
import { classifyAddress } from '../base/ip.ts';

const DEFAULT_PORT = 6_379;
const LINE_BYTES_MAX = 1_024;

const FAULTS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nobody listens there (connection refused)',
  ENOTFOUND: 'the host name does not resolve',
  EAI_AGAIN: 'the host name does not resolve',
  EHOSTUNREACH: 'there is no route to it',
  ENETUNREACH: 'there is no route to it',
  ECONNRESET: 'it breaks the connection',
  ERR_SSL_WRONG_VERSION_NUMBER: 'it speaks no TLS: perhaps the address is redis:// and not rediss://',
};

/** Why we cannot talk to it; undefined: we can. Never rejects. */
export function dialRedis(
  address: string,
  { clock, deadlineMs }: { readonly clock: Clock; readonly deadlineMs: number },
): Promise<string | undefined> {
  const url = new URL(address);
  return new Promise((resolve) => {
    const socket = open(url);
    let isOpen = false;
    let heard = '';
    const end = (reason: string | undefined): void => {
      timer[Symbol.dispose]();
      socket.destroy();
      resolve(reason);
    };
    const timer = clock.after(deadlineMs, () =>
      end(isOpen ? `it takes the connection and says nothing for ${deadlineMs / 1_000} s` : `no connection within ${deadlineMs / 1_000} s`),
    );
    socket.once(url.protocol === 'rediss:' ? 'secureConnect' : 'connect', () => {
      isOpen = true;
      socket.write(firstWord(url));
    });
    socket.on('data', (bytes: Buffer) => {
      heard += bytes.toString('latin1');
      if (heard.includes('\n') || heard.length > LINE_BYTES_MAX) end(refusalIn(heard.split(/\r?\n/)[0] ?? ''));
    });
    socket.once('close', () => end('it breaks the connection'));
    socket.once('error', (error: NodeJS.ErrnoException) => end(FAULTS[error.code ?? ''] ?? certificateFault(error) ?? error.message));
  });
}

function open({ protocol, hostname, port }: URL): Socket {
  const host = hostname.replace(/^\[(.*)\]$/, '$1');
  const target = { host, port: Number(port) || DEFAULT_PORT };
  if (protocol !== 'rediss:') return createConnection(target);
  // An address has no name to send.
  return connectTls({ ...target, ...(classifyAddress(host) === undefined ? { servername: host } : {}) });
}

function firstWord({ username, password }: URL): string {
  const user = decodeURIComponent(username);
  const words = password === '' ? ['PING'] : ['AUTH', ...(user === '' ? [] : [user]), decodeURIComponent(password)];
  return `*${words.length}\r\n${words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join('')}`;
}

/** Pure: what the first line that came back means. */
export function refusalIn(line: string): string | undefined {
  if (line.startsWith('+')) return undefined;
  if (!line.startsWith('-')) return 'what comes back is not what Redis says';
  const said = line.slice(1, 201);
  if (said.startsWith('WRONGPASS')) return `the user or the password is wrong (${said})`;
  if (said.startsWith('NOAUTH')) return `it asks for a password (${said})`;
  if (/without any password configured/.test(said)) return `it has no password, and the address gives one (${said})`;
  // Whoever may not PING may still count: the client will tell.
  return said.startsWith('NOPERM') ? undefined : said;
}

function certificateFault({ code }: NodeJS.ErrnoException): string | undefined {
  return code !== undefined && /CERT|SELF_SIGNED|UNABLE_TO|ALTNAME/.test(code) ? `its certificate is not valid (${code})` : undefined;
}
