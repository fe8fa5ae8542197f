import type { Abortable } from '../../base/abort.ts';
import type { PoolConfig } from '../upstream-config.ts';
import type { Transport } from './transport.ts';

const TEXT_BYTES_MAX = 1_048_576;
/** For what is asked once in minutes: nothing is kept open. */
export const SELDOM_POOL: PoolConfig = { connect_timeout: 3_000, keep_alive: 0, idle_max: 1, connections_max: 16 };

/** Gets small documents, such as an identity provider's keys, under the same rules about addresses as every other upstream. `proxy`: the forward proxy, if any. */
export function createFetchText(transport: Transport, proxy: string | undefined): (url: string, signal: Abortable) => Promise<string> {
  return async (url, signal) => {
    const { origin } = new URL(url);
    using connector = transport.connector(origin, { pool: SELDOM_POOL, allowPrivate: false, proxy });
    const reply = await connector.send(
      { url, method: 'GET', headers: { accept: 'application/json', 'accept-encoding': 'identity' }, body: null },
      signal,
    );
    const bytes = await reply.bytes(TEXT_BYTES_MAX);
    if (reply.status !== 200) throw new Error(`${origin} answered ${reply.status}`);
    return new TextDecoder().decode(bytes);
  };
}
