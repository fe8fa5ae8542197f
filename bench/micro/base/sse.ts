import { createSseScanner, type SseSpan } from '../../../src/base/sse.ts';

/*
 * What it costs to find an event of a chat stream: whole in its chunk, several in a chunk, cut in two.
 * Run: node bin/gatehouse.mjs run bench/micro/base/sse.ts
 */

const chunk = {
  id: 'chatcmpl-1',
  object: 'chat.completion.chunk',
  created: 1,
  model: 'm',
  choices: [{ index: 0, delta: { content: ' hello' }, finish_reason: null }],
};
const event = new TextEncoder().encode(`data: ${JSON.stringify(chunk)}\n\n`);
const four = new Uint8Array(Buffer.concat([event, event, event, event]));
const cut = [event.subarray(0, 80), event.subarray(80)];

let seenBytes = 0;
const onEvent = (_: Uint8Array, span: Readonly<SseSpan>) => {
  seenBytes += span.dataEnd - span.dataStart;
};

for (const { name, chunks, events } of [
  { name: 'one event in a chunk', chunks: [event], events: 1 },
  { name: 'four events in a chunk', chunks: [four], events: 4 },
  { name: 'one event in two chunks', chunks: cut, events: 1 },
]) {
  let best = Infinity;
  for (let round = 0; round < 7; round += 1) {
    const scanner = createSseScanner({ eventBytesMax: 1_048_576 });
    const startMs = performance.now();
    for (let index = 0; index < 200_000; index += 1) {
      for (const bytes of chunks) scanner.push(bytes, onEvent);
    }
    best = Math.min(best, ((performance.now() - startMs) * 1e6) / (200_000 * events));
  }
  process.stdout.write(`${name}: ${best.toFixed(0)} ns per event of ${event.length} bytes\n`);
}
if (seenBytes === 0) throw new Error('no event was seen');
