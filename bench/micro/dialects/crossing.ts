import { cross } from '../../../src/dialects/dialect-crossing.ts';
import { mayHoldEnvelope } from '../../../src/dialects/dialect-signature.ts';
import { mayHoldReference } from '../../../src/dialects/openai-responses/references.ts';
import { DIALECTS_BY_NAME } from '../../../src/dialects/registry.ts';
import {
  ANTHROPIC_END,
  ANTHROPIC_START,
  anthropicEvent,
  anthropicStreamRequest,
  STREAM_END,
  streamEvent,
  streamRequest,
} from '../../load/fixtures.ts';

/*
 * What an event costs on its way from one dialect to another, decoder and encoder together, one event to a push; beside it the same event where the bytes
 * pass. And what is searched for in each request on the way that parses nothing.
 * Run: node bin/gatehouse.mjs run bench/micro/dialects/crossing.ts
 */

const SHAPE = { contentEvents: 200, intervalMs: 10 };
const hints = { hasModel: () => true };
const words = Array.from({ length: SHAPE.contentEvents }, (_, index) => ` word${index % 8}`);

const STREAMS = {
  'openai-chat': {
    request: streamRequest(SHAPE),
    events: [
      streamEvent({ role: 'assistant', content: '' }, null, true),
      ...words.map((content) => streamEvent({ content }, null, true)),
      streamEvent({}, 'stop', true),
      STREAM_END,
    ],
  },
  'anthropic-messages': {
    request: anthropicStreamRequest(SHAPE),
    events: [
      ...ANTHROPIC_START.map(anthropicEvent),
      ...words.map((text) => anthropicEvent({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text } })),
      ...ANTHROPIC_END.map(anthropicEvent),
    ],
  },
} as const;

type Name = keyof typeof STREAMS;

function dialectOf(name: string) {
  const dialect = DIALECTS_BY_NAME.get(name);
  if (dialect === undefined) throw new Error(`there is no dialect '${name}'`);
  return dialect;
}

/** Nanoseconds of one of `units` pieces of work, in the best of several rounds. */
function best(units: number, work: () => void): number {
  let least = Infinity;
  for (let round = 0; round < 15; round += 1) {
    const startMs = performance.now();
    for (let repeat = 0; repeat < 40; repeat += 1) work();
    least = Math.min(least, ((performance.now() - startMs) * 1e6) / (40 * units));
  }
  return least;
}

function print(what: string, nanoseconds: number): void {
  process.stdout.write(`${what.padEnd(60)} ${nanoseconds.toFixed(0).padStart(8)} ns\n`);
}

for (const [from, to] of [
  ['anthropic-messages', 'openai-chat'],
  ['openai-chat', 'anthropic-messages'],
] as const satisfies readonly (readonly [Name, Name])[]) {
  const operation = dialectOf(from).decode('chat', Buffer.from(STREAMS[from].request), hints);
  const events = STREAMS[to].events.map((event) => Buffer.from(event));
  const crossing = cross(operation, { from: dialectOf(from), to: dialectOf(to) });
  const facts = { id: 'bench', model: 'm', nowMs: 0, usageWanted: false };
  print(
    `${from} caller, ${to} target: per event`,
    best(events.length, () => {
      const meter = crossing.createMeter(facts);
      for (const event of events) meter.push(event);
      if (!meter.ended) throw new Error('the stream did not end');
    }),
  );
  print(
    `${from}: request read, fitted and written`,
    best(
      1,
      () =>
        void cross(operation, { from: dialectOf(from), to: dialectOf(to) }).encodeRequest({ model: 'm', stream: true, streamUsage: true }),
    ),
  );
}

for (const name of ['openai-chat', 'anthropic-messages'] as const) {
  const operation = dialectOf(name).decode('chat', Buffer.from(STREAMS[name].request), hints);
  const events = STREAMS[name].events.map((event) => Buffer.from(event));
  print(
    `${name}: the bytes pass, per event`,
    best(events.length, () => {
      const meter = dialectOf(name).createMeter(operation);
      for (const event of events) meter.push(event);
      if (!meter.ended) throw new Error('the stream did not end');
    }),
  );
}

for (const kilobytes of [1, 100, 1_000]) {
  const item = '{"id":"rs_1","type":"message","role":"user","content":"Nothing that is looked for stands in here, but \\"quotes\\" do."},';
  const body = Buffer.from(`{"input":[${item.repeat((kilobytes * 1_000) / item.length)}{}]}`);
  print(
    `${kilobytes} KB: search for sealed thoughts`,
    best(1, () => void mayHoldEnvelope(body)),
  );
  print(
    `${kilobytes} KB: search for references to items`,
    best(1, () => void mayHoldReference(body)),
  );
}
