/* Documents from the web, got under the same rules about addresses as every upstream: nothing of an inner network, unless that is asked for. */

import type { Abortable } from '../../base/abort.ts';
import { withDeadline } from '../../base/abort.ts';
import type { Clock } from '../../base/clock.ts';
import { GatewayError } from '../../base/errors.ts';
import { classifyAddress } from '../../base/ip.ts';
import { kindOfHost } from '../../upstream/transport/address-rules.ts';
import { SELDOM_POOL } from '../../upstream/transport/fetch-text.ts';
import type { Transport } from '../../upstream/transport/transport.ts';
import { SkippedSource, type Source, type SourceFile } from './sources.ts';

export interface UrlSourceDeps {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly signal: Abortable;
}

export interface UrlSourceConfig {
  readonly timeoutMs: number;
  readonly allowPrivate: boolean;
  readonly proxy: string | undefined;
}

const REDIRECTS_MAX = 5;
const HEADERS = {
  accept: 'text/*, application/json, application/pdf, */*;q=0.1',
  'accept-encoding': 'identity',
  'user-agent': 'gatehouse-ingest',
};
const EXTENSIONS: Readonly<Record<string, string>> = {
  'text/html': 'html',
  'application/xhtml+xml': 'html',
  'text/markdown': 'md',
  'text/csv': 'csv',
  'text/plain': 'txt',
  'application/json': 'json',
  'application/pdf': 'pdf',
};

export function urlSource(url: string, config: UrlSourceConfig, deps: UrlSourceDeps): Source {
  return { name: url, read: (bytesMax) => get(url, bytesMax, { config, deps }) };
}

async function get(
  first: string,
  bytesMax: number,
  { config, deps }: { readonly config: UrlSourceConfig; readonly deps: UrlSourceDeps },
): Promise<SourceFile> {
  const reason = () => new SkippedSource(`it did not come within ${config.timeoutMs} ms`);
  using deadline = withDeadline(deps.signal, { deadlineMs: config.timeoutMs, clock: deps.clock, reason });
  let url = new URL(first);
  for (let redirects = 0; redirects <= REDIRECTS_MAX; redirects += 1) {
    url.hash = '';
    if (!config.allowPrivate) checkPublic(url);
    using connector = deps.transport.connector(url.origin, { pool: SELDOM_POOL, allowPrivate: config.allowPrivate, proxy: config.proxy });
    const reply = await connector.send({ url: url.href, method: 'GET', headers: HEADERS, body: null }, deadline.signal);
    const location = reply.headers.get('location');
    if (reply.status >= 300 && reply.status < 400 && location !== null) {
      await reply.bytes(bytesMax).catch(() => undefined);
      // Each address on the way is checked as the first one was.
      url = nextUrl(location, url);
      continue;
    }
    if (reply.status !== 200) throw new SkippedSource(`the server answered ${reply.status}`);
    const bytes = await reply.bytes(bytesMax);
    if (bytes.length === 0) throw new SkippedSource('it is empty');
    return { filename: filenameOf(url, reply.headers.get('content-type')), bytes };
  }
  throw new SkippedSource(`it leads on more than ${REDIRECTS_MAX} times`);
}

/** A list of addresses may be anybody's: what stands for an inner network is refused here, and public names that lead there by the transport. */
function checkPublic({ hostname }: URL): void {
  const host = kindOfHost(hostname);
  if (host.kind === 'public-name' || (host.kind === 'address' && classifyAddress(host.address) === 'public')) return;
  throw new GatewayError('upstream_address_forbidden', `${hostname} is of an inner network: --allow-private permits it`);
}

function nextUrl(location: string, from: URL): URL {
  const next = URL.canParse(location, from.href) ? new URL(location, from) : undefined;
  if (next === undefined || (next.protocol !== 'http:' && next.protocol !== 'https:') || next.username !== '')
    throw new SkippedSource('it leads to no web address');
  return next;
}

function filenameOf({ hostname, pathname }: URL, contentType: string | null): string {
  const last = pathname.split('/').findLast((part) => part !== '') ?? hostname;
  const type = (contentType ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
  const extension = EXTENSIONS[type];
  return extension === undefined || last.toLowerCase().endsWith(`.${extension}`) ? last : `${last}.${extension}`;
}
