/*
 * A whole chat completion with every default policy on, against nginx's bare `proxy_pass` and against Portkey.
 * 64 connections in a closed loop; CPU per request, and the ratio round by round.
 */
import { cpuOf, describe } from '../../measure/paired.ts';
import { ratios } from '../../measure/statistics.ts';
import { bareBunProxy } from '../../peers/bare-bun-peers.ts';
import { nginx } from '../../peers/nginx.ts';
import { chatRequest } from '../../peers/peer.ts';
import { portkey } from '../../peers/portkey.ts';
import { CHAT_REPLY } from '../fixtures.ts';
import { judge, measureClosedLoop, needed, type Row, type Scenario, times, withPeers } from './scenario.ts';

const NGINX_RATIO_MAX = 4;
const PORTKEY_RATIO_MIN = 20;

export const chat: Scenario = {
  name: 'chat',
  rows: [
    { work: 'chat completion, all default policies on', target: `≤ ${NGINX_RATIO_MAX}× nginx CPU per request` },
    { work: 'chat completion, beside Portkey', target: `≥ ${PORTKEY_RATIO_MIN}× fewer CPU per request` },
  ],
  async run(bench) {
    const definitions = [bench.subject, nginx, bareBunProxy, portkey];
    return await withPeers(definitions, bench.setup('gateway'), async (started) => {
      needed(started[0], bench.subject.name);
      needed(started[1], nginx.name);
      const peers = started.filter((peer) => peer !== undefined);
      const { answered: answeredBefore } = await bench.upstream.count();
      const measured = await measureClosedLoop(bench, peers, { request: chatRequest, bodyBytes: CHAT_REPLY.length });
      const [ours, limit] = measured;
      const other = measured.find((rounds) => rounds.peer === portkey.name);
      if (ours === undefined || limit === undefined) throw new Error('nothing was measured');
      assertForwarded((await bench.upstream.count()).answered - answeredBefore, measured);
      const toNginx = ratios(cpuOf(ours), cpuOf(limit));
      const rows: Row[] = [judge(chat.rows[0], times(toNginx), toNginx.median <= NGINX_RATIO_MAX)];
      if (other !== undefined) {
        const fewer = ratios(cpuOf(other), cpuOf(ours));
        rows.push(judge(chat.rows[1], times(fewer), fewer.median >= PORTKEY_RATIO_MIN));
      }
      return { rows, notes: measured.map((rounds) => describe(rounds, 'request')), raw: measured };
    });
  },
};

/** Nothing between the client and the upstream answered from memory. */
function assertForwarded(answered: number, measured: readonly { readonly rounds: readonly { readonly units: number }[] }[]): void {
  const replies = measured.flatMap(({ rounds }) => rounds).reduce((sum, { units }) => sum + units, 0);
  if (answered < replies) throw new Error(`the upstream answered ${answered} of ${replies} requests: something else answered the rest`);
}
