/*
 * Every official client in front of every dialect that a target may speak, each as it comes: whole answers, streams, tools until the model has had enough,
 * and answers of a given shape. The gateway and the simulated model servers are processes of their own.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import Ajv from 'ajv';
import { DIALECTS } from '../../src/dialects/registry.ts';
import { type GatewayProcess, startGateway } from '../harness/gateway.ts';
import { type SimulatorProcess, startSimulator } from '../harness/simulator.ts';
import { aiSdkClients } from './ai-sdk.ts';
import { anthropicClient } from './anthropic.ts';
import { type Access, type ClientUnderTest, FORECAST_SCHEMA, WEATHER } from './client.ts';
import { googleClient } from './google.ts';
import { langchainClients } from './langchain.ts';
import { ollamaClient } from './ollama.ts';
import { openaiChatClient, openaiResponsesClient } from './openai.ts';

const KEY = 'sk-clients-0000000000000000';
const TARGETS = DIALECTS.flatMap(({ name, codecs: { chat } }) =>
  chat === undefined ? [] : [{ dialect: name, abilities: chat.abilities }],
);
/** Whichever of them a simulated vendor wants; any will do. */
const KEYS = { authorization: 'Bearer any-key', 'x-goog-api-key': 'any-key' };
const ajv = new Ajv();
const TEXT = 'grüße, 🌍! a “quoted” line\nand another';

function clientsOf(access: Access): readonly ClientUnderTest[] {
  return [
    openaiChatClient(access),
    openaiResponsesClient(access),
    anthropicClient(access),
    googleClient(access),
    ollamaClient(access),
    ...aiSdkClients(access),
    ...langchainClients(access),
  ];
}

let simulator: SimulatorProcess;
let gateway: GatewayProcess;
let clients: readonly ClientUnderTest[];

beforeAll(async () => {
  simulator = await startSimulator();
  gateway = await startGateway({
    config: {
      auth: { keys: [{ name: 'client', key: KEY }] },
      limits: { mode: 'off' },
      providers: Object.fromEntries(
        TARGETS.map(({ dialect }) => [dialect, { type: 'simulator', base_url: simulator.url, headers: KEYS, dialects: [dialect] }]),
      ),
      models: Object.fromEntries(
        TARGETS.flatMap(({ dialect }) => [
          [`on-${dialect}`, { targets: [{ provider: dialect, model: 'sim-1' }] }],
          // Slowly enough for its tokens to arrive one by one: what comes together may go on together.
          [`slowly-on-${dialect}`, { targets: [{ provider: dialect, model: 'sim-1!tokens-per-second=100' }] }],
        ]),
      ),
    },
  });
  clients = clientsOf({ url: gateway.url, key: KEY });
});
afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]();
  await simulator?.[Symbol.asyncDispose]();
});

for (const [index, planned] of clientsOf({ url: 'http://127.0.0.1:1', key: KEY }).entries()) {
  const { name, forecastNeeds = 'schema-output' } = planned;
  const forecasts = 'forecast' in planned;
  const client = () => clients[index] as ClientUnderTest;
  describe(name, () => {
    for (const { dialect, abilities } of TARGETS) {
      const model = `on-${dialect}`;
      describe(`in front of ${dialect}`, () => {
        test('gets a whole answer', async () => {
          expect(await client().ask(model, `echo: ${TEXT}`)).toBe(TEXT);
        });

        test('gets a streamed answer, in pieces', async () => {
          const { text, pieces } = await client().stream(`slowly-${model}`, `echo: ${TEXT}`);
          expect(text).toBe(TEXT);
          expect(pieces).toBeGreaterThan(1);
        });

        test('lets the model use a tool', async () => {
          const { calls, text } = await client().useTool(model, 'What is the weather in Paris?');
          expect(calls).toHaveLength(1);
          expect(ajv.validate(WEATHER.schema, calls[0])).toBe(true);
          expect(text).not.toBe('');
        });

        if (!forecasts || abilities[forecastNeeds] === 'no') return;
        test('gets an answer of a given shape', async () => {
          const answer = await client().forecast?.(model, 'What will the weather be in Paris?');
          expect(ajv.validate(FORECAST_SCHEMA, answer)).toBe(true);
        });
      });
    }
  });
}
