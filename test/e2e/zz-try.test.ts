import { test } from 'bun:test';
import { startGateway } from '../harness/gateway.ts';
import { startSimulator } from '../harness/simulator.ts';
import { rawRequest, slowRead } from '../harness/raw-http.ts';
import { readFileSync } from 'node:fs';
const KEY = 'sk-load-0000000000000000';
const rss = (pid: number) => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
const cpu = (pid: number) => { const f = readFileSync(`/proc/${pid}/stat`, 'utf8').split(' '); return (Number(f[13]) + Number(f[14])) * 10; };
test('try', async () => {
  await using simulator = await startSimulator(['--records', '5000']);
  await using gateway = await startGateway({ config: { auth: { keys: [{ name: 'l', key: KEY }] }, limits: { mode: 'off' }, providers: { s: { type: 'openai-compatible', base_url: `${simulator.url}/v1`, models: ['*'] } } } });
  const body = (n: number) => JSON.stringify({ model: 'sim-fixed', stream: true, max_tokens: n, messages: [{ role: 'user', content: 'x' }] });
  const ask = (n: number) => gateway.request('/v1/chat/completions', { method: 'POST', headers: { authorization: `Bearer ${KEY}` }, body: body(n) });
  console.log('rss idle', rss(gateway.process.pid));
  for (const n of [1000, 20000, 20000]) {
    const c0 = cpu(gateway.process.pid), s0 = cpu(simulator.process.pid), t0 = performance.now();
    const bytes = (await (await ask(n)).arrayBuffer()).byteLength;
    console.log(n, bytes, (performance.now() - t0).toFixed(0) + 'ms', 'gw cpu', cpu(gateway.process.pid) - c0, 'sim cpu', cpu(simulator.process.pid) - s0, 'rss', rss(gateway.process.pid));
  }
  const req = rawRequest({ target: '/v1/chat/completions', headers: { authorization: `Bearer ${KEY}` }, body: body(600000) });
  const t0 = performance.now();
  const timer = setInterval(async () => console.log((performance.now() - t0).toFixed(0), 'rss gw', rss(gateway.process.pid).toFixed(0), 'sim', rss(simulator.process.pid).toFixed(0), 'sent', (await simulator.stats()).tokensSent), 1000);
  await Promise.all(Array.from({ length: 50 }, () => slowRead(gateway.url, req, { bytesPerSecond: 1_000_000, timeoutMs: 12000 })));
  clearInterval(timer);
}, 60000);
