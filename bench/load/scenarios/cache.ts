/*
 * An exact cache hit, key and limits checked first, against a bare Bun server that reads the request's body and answers the
 * same bytes. The upstream's own count proves that the hits were hits.
 */
import { cpuOf, describe } from '../../measure/paired.ts';
import { ratios } from '../../measure/statistics.ts';
import { bareBunServer } from '../../peers/bare-bun-peers.ts';
import { chatRequest } from '../../peers/peer.ts';
import { CHAT_REPLY } from '../fixtures.ts';
import { judge, measureClosedLoop, needed, type Scenario, times, withPeers } from './scenario.ts';

const RATIO_MAX = 2;

/** Misses that are no fault: the warm-up's first requests arrive together, before the first answer is kept. */
const MISSES_MAX = 100;

export const cache: Scenario = {
  name: 'cache',
  rows: [{ work: 'exact cache hit', target: `≤ ${RATIO_MAX}× a bare Bun server answering the same bytes` }],
  async run(bench) {
    return await withPeers([bench.subject, bareBunServer], bench.setup('gateway-cached'), async (started) => {
      const peers = started.map((peer) => needed(peer, 'a peer of this scenario'));
      const before = (await bench.upstream.count()).answered;
      const measured = await measureClosedLoop(bench, peers, { request: chatRequest, bodyBytes: CHAT_REPLY.length });
      const [ours, limit] = measured;
      if (ours === undefined || limit === undefined) throw new Error('nothing was measured');
      const misses = (await bench.upstream.count()).answered - before;
      const ratio = ratios(cpuOf(ours), cpuOf(limit));
      const notes = [...measured.map((rounds) => describe(rounds, 'request')), `${misses} requests reached the upstream`];
      const row = judge(cache.rows[0], times(ratio), ratio.median <= RATIO_MAX);
      if (misses <= MISSES_MAX) return { rows: [row], notes, raw: measured };
      return { rows: [{ ...row, measured: `${row.measured}, but not of hits`, verdict: 'invalid' }], notes, raw: measured };
    });
  },
};
