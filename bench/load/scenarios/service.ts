/* A service route: 1 KB of JSON in, 1 KB of JSON out, same identity, limits, breaker, metrics and log as any other request. */
import { cpuOf, describe } from '../../measure/paired.ts';
import { ratios } from '../../measure/statistics.ts';
import { bareBunProxy } from '../../peers/bare-bun-peers.ts';
import { nginx } from '../../peers/nginx.ts';
import { serviceRequest } from '../../peers/peer.ts';
import { SERVICE_REPLY } from '../fixtures.ts';
import { judge, measureClosedLoop, needed, type Scenario, times, withPeers } from './scenario.ts';

const NGINX_RATIO_MAX = 3.5;

export const service: Scenario = {
  name: 'service',
  rows: [{ work: 'service route, 1 KB JSON', target: `≤ ${NGINX_RATIO_MAX}× nginx CPU per request` }],
  async run(bench) {
    return await withPeers([bench.subject, nginx, bareBunProxy], bench.setup('gateway'), async (started) => {
      const peers = started.map((peer) => needed(peer, 'a peer of this scenario'));
      const measured = await measureClosedLoop(bench, peers, { request: serviceRequest, bodyBytes: SERVICE_REPLY.length });
      const [ours, limit] = measured;
      if (ours === undefined || limit === undefined) throw new Error('nothing was measured');
      const ratio = ratios(cpuOf(ours), cpuOf(limit));
      return {
        rows: [judge(service.rows[0], times(ratio), ratio.median <= NGINX_RATIO_MAX)],
        notes: measured.map((rounds) => describe(rounds, 'request')),
        raw: measured,
      };
    });
  },
};
