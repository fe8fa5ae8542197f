import { JSON_LIMITS, memberBoolean, memberString, scanJson } from '../../../src/base/json-scan.ts';
import { editMembers } from '../../../src/base/json-splice.ts';

/*
 * What it costs to check a chat body and find its members, beside JSON.parse. Target: ≤ 2 ns per byte, < 2 µs for 700 bytes.
 * Run: node bin/gatehouse.mjs run bench/micro/base/json-scan.ts
 */

const sentence = 'You are a careful assistant. Answer in short sentences, and say when you do not know something.';

function chatBody(turns: number, paragraphs: number): Uint8Array {
  const content = Array.from({ length: paragraphs }, () => sentence).join('\n');
  const messages = Array.from({ length: turns }, (_, turn) => ({ role: turn % 2 === 0 ? 'user' : 'assistant', content }));
  const tools = [
    { type: 'function', function: { name: 'look_up', parameters: { type: 'object', properties: { id: { type: 'string' } } } } },
  ];
  return new TextEncoder().encode(
    JSON.stringify({ model: 'llama-3.3-8b-instruct', messages, temperature: 0.7, max_tokens: 256, stream: true, user: 'u-1', tools }),
  );
}

function measure(run: () => unknown, rounds: number): number {
  let best = Infinity;
  for (let round = 0; round < 7; round += 1) {
    const start = performance.now();
    for (let index = 0; index < rounds; index += 1) run();
    best = Math.min(best, ((performance.now() - start) * 1e6) / rounds);
  }
  return best;
}

for (const { name, body } of [
  { name: 'small chat', body: chatBody(4, 1) },
  { name: 'long chat', body: chatBody(40, 2) },
  { name: 'one document', body: chatBody(1, 1_000) },
  { name: 'escaped document', body: new TextEncoder().encode(JSON.stringify({ model: 'm', prompt: 'line "quoted"\n'.repeat(5_000) })) },
  {
    name: 'numbers',
    body: new TextEncoder().encode(JSON.stringify({ model: 'm', input: Array.from({ length: 10_000 }, (_, index) => index / 7) })),
  },
]) {
  const rounds = Math.max(20, Math.round(10_000_000 / body.length));
  const decoder = new TextDecoder();
  const scanNs = measure(() => scanJson(body, JSON_LIMITS), rounds);
  const readNs = measure(() => {
    const scan = scanJson(body, JSON_LIMITS);
    return [memberString(scan, 'model'), memberBoolean(scan, 'stream')];
  }, rounds);
  const spliceNs = measure(() => editMembers(scanJson(body, JSON_LIMITS), { model: '"other"' }), rounds);
  const parseNs = measure(() => JSON.parse(decoder.decode(body)) as unknown, rounds);
  const perByte = (ns: number) => `${ns.toFixed(0)} ns (${(ns / body.length).toFixed(2)} ns/byte)`;
  process.stdout.write(
    `${name}, ${body.length} bytes: scan ${perByte(scanNs)}, and read two ${readNs.toFixed(0)} ns, and splice one ${spliceNs.toFixed(0)} ns, JSON.parse ${perByte(parseNs)}\n`,
  );
}
