import type { Abortable } from '../../base/abort.ts';
import type { PoolConfig } from '../upstream-config.ts';
import type { Transport, TransportRequest } from './transport.ts';

const TEXT_BYTES_MAX = 1_048_576;
const HEADERS = { accept: 'application/json', 'accept-encoding': 'identity' };
const FORM_TYPE = 'application/x-www-form-urlencoded';
/** For what is asked once in minutes: nothing is kept open. */
export const SELDOM_POOL: PoolConfig = { connect_timeout: 3_000, keep_alive: 0, idle_max: 1, connections_max: 16 };

/** The body of a GET, or of a POST where there is a form; no longer than 1 MiB and with status 200. Throws for anything else, and follows no redirect. */
export type FetchText = (url: string, signal: Abortable, form?: Readonly<Record<string, string>>) => Promise<string>;

/** Gets small documents, such as an identity provider's keys, under the same rules about addresses as every other upstream. `proxy`: the forward proxy, if any. */
export function createFetchText(transport: Transport, proxy: string | undefined): FetchText {
  return async (url, signal, form) => {
    const { origin } = new URL(url);
    using connector = transport.connector(origin, { pool: SELDOM_POOL, allowPrivate: false, proxy });
    const asked: TransportRequest =
      form === undefined
        ? { url, method: 'GET', headers: HEADERS, body: null }
        : {
            url,
            method: 'POST',
            headers: { ...HEADERS, 'content-type': FORM_TYPE },
            body: Buffer.from(new URLSearchParams(form).toString()),
          };
    const reply = await connector.send(asked, signal);
    const bytes = await reply.bytes(TEXT_BYTES_MAX);
    if (reply.status !== 200) throw new Error(`${origin} answered ${reply.status}`);
    return new TextDecoder().decode(bytes);
  };
}
