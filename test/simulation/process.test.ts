/** The simulator as a process: the same seed gives the same bytes, flags are obeyed or refused, signals end it. */
import { describe, expect, test } from 'bun:test';
import { eventually } from '../harness/eventually.ts';
import { startGatehouse } from '../harness/process.ts';
import { rejection } from '../harness/rejection.ts';
import { startSimulator } from '../harness/simulator.ts';

const READY = /simulator ready at (http:\/\/[\d.]+:\d+)/;

/** Bytes of everything whose bytes are promised, for one seed. */
async function fingerprint(seed: string): Promise<string> {
  await using simulator = await startSimulator(['--seed', seed]);
  const messages = [{ role: 'user', content: 'Hello' }];
  const asked: [path: string, body: object][] = [
    ['/v1/chat/completions', { model: 'sim-1', messages }],
    ['/v1/chat/completions', { model: 'sim-1', messages, stream: true, n: 2, logprobs: true, stream_options: { include_usage: true } }],
    ['/v1/chat/completions', { model: 'sim-1!refusal', messages, stream: true }],
    ['/v1/completions', { model: 'sim-1', prompt: 'Hello', stream: true }],
    ['/v1/embeddings', { model: 'sim-1', input: 'Hello' }],
    ['/api/chat', { model: 'sim-1', messages }],
    ['/api/generate', { model: 'sim-1', prompt: 'Hello', stream: false }],
    ['/infer', { prompt: 'Hello' }],
  ];
  // All at once: what else is going on changes nothing.
  const bodies = await Promise.all(
    asked.map(async ([path, body]) => (await fetch(`${simulator.url}${path}`, { method: 'POST', body: JSON.stringify(body) })).text()),
  );
  expect(bodies.every((body) => body.length > 50)).toBe(true);
  return bodies.join('\n\n');
}

test('two processes with the same seed answer with the same bytes, and another seed with others', async () => {
  const [first, second, other] = await Promise.all([fingerprint('7'), fingerprint('7'), fingerprint('8')]);
  expect(second).toBe(first);
  expect(other).not.toBe(first);
});

test('SIGTERM and SIGINT end it in order, with streams open', async () => {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    await using simulator = await startSimulator();
    const ask = (fault: string, stream: boolean) => {
      const body = JSON.stringify({ model: `sim-1!${fault}`, stream, messages: [{ role: 'user', content: 'Hello' }] });
      return fetch(`${simulator.url}/v1/chat/completions`, { method: 'POST', body }).then((reply) => reply.text());
    };
    const open = [
      ask('stall-after=1', true),
      ask('first-token-ms=60000', true),
      ask('tokens-per-second=0.01', true),
      ask('first-token-ms=60000', false),
      ask('delay-ms=60000', false),
      ask('silence', false),
    ].map(rejection);
    await eventually(async () => (await simulator.stats()).open === open.length);
    simulator.process.kill(signal);
    expect(await simulator.process.exited).toEqual({ code: 0, signal: null });
    for (const error of await Promise.all(open)) expect(error).toBeInstanceOf(Error);
  }
});

test('timing and faults given at start hold for every request', async () => {
  await using simulator = await startSimulator(['--first-token-ms', '80', '--tokens-per-second', '1000', '--fault', 'tokens=3']);
  const startMs = performance.now();
  const body = JSON.stringify({ model: 'sim-1', messages: [{ role: 'user', content: 'Hello' }] });
  const reply = await fetch(`${simulator.url}/v1/chat/completions`, { method: 'POST', body });
  expect(await reply.json()).toMatchObject({ usage: { completion_tokens: 3 } });
  expect(performance.now() - startMs).toBeGreaterThan(75);
});

test('without control there are no control routes, and it answers all the same', async () => {
  await using simulator = await startSimulator(['--no-control']);
  expect((await fetch(`${simulator.url}/__sim/stats`)).status).toBe(404);
  expect((await fetch(`${simulator.url}/health`)).status).toBe(200);
});

test('the record keeps as many requests as told, and the reset forgets them', async () => {
  await using simulator = await startSimulator(['--records', '3']);
  for (let id = 0; id < 10; id += 1) await fetch(`${simulator.url}/items/${id}?x=1`, { headers: { 'x-test': 'yes' } });
  const records = await simulator.requests();
  expect(records.map((record) => record.path)).toEqual(['/items/7', '/items/8', '/items/9']);
  expect(records[0]).toMatchObject({ method: 'GET', query: '?x=1', status: 200, outcome: 'complete', headers: { 'x-test': 'yes' } });
  expect(await simulator.stats()).toMatchObject({ requests: 10, complete: 10, open: 0 });
  await simulator.reset();
  expect(await simulator.requests()).toEqual([]);
  expect(await simulator.stats()).toMatchObject({ requests: 0, complete: 0, open: 0 });
});

test('a greeting shows how to try it, unless it is to be quiet', async () => {
  await using greeting = await startGatehouse(['simulate', '--port', '0'], { readyPattern: READY });
  await using quiet = await startSimulator();
  const { ready } = greeting;
  expect(await fetch(`${ready[1]}/`).then((reply) => reply.text())).toBe('Ollama is running');
  expect(greeting.stdout[1]).toContain(`curl ${ready[1]}/v1/chat/completions`);
  expect(quiet.process.stdout).toHaveLength(1);
});

test('a port that is taken is said to be', async () => {
  await using first = await startSimulator();
  const port = new URL(first.url).port;
  const error = String(await rejection(startGatehouse(['simulate', '--port', port], { readyPattern: READY })));
  expect(error).toContain(`port ${port} of 127.0.0.1 is taken`);
});

describe('a start is refused', () => {
  const rows: [flags: string[], message: RegExp][] = [
    [['--port', 'abc'], /--port needs a whole number from 0 to 65535, not 'abc'/],
    [['--port', '70000'], /--port needs/],
    [['--fault', 'explode'], /unknown fault 'explode'/],
    [['--fault', 'status=500,times=1'], /cannot be counted/],
    [['--first-token-ms', '-1'], /first-token-ms/],
    [['--nonsense'], /nonsense/],
  ];
  for (const [flags, message] of rows) {
    test(`for ${flags.join(' ')}`, async () => {
      const error = String(await rejection(startGatehouse(['simulate', ...flags], { readyPattern: READY })));
      expect(error).toMatch(message);
      expect(error).toMatch(/ended with code 2/);
    });
  }
});
