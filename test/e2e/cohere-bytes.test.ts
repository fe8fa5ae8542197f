/*
 * Same dialect, same bytes: what a server that speaks Cohere's API gets is what the caller sent, and the caller gets what the server sent, byte for byte, but
 * for the model's name. Each answer is compared with the one that the simulator gives directly to the very request that was forwarded.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { type GatewayProcess, startGateway } from '../harness/gateway.ts';
import { type SimulatorProcess, startSimulator } from '../harness/simulator.ts';

const KEY = 'sk-cohere-bytes-00000000';

let simulator: SimulatorProcess;
let gateway: GatewayProcess;

beforeAll(async () => {
  simulator = await startSimulator();
  gateway = await startGateway({
    config: {
      auth: { keys: [{ name: 'bytes', key: KEY }] },
      limits: { mode: 'off' },
      providers: {
        cohere: { base_url: `${simulator.url}/v2`, api_key: KEY, models: ['sim-*'] },
        jina: { base_url: `${simulator.url}/jina/v1`, api_key: KEY },
        voyage: { base_url: `${simulator.url}/voyage/v1`, api_key: KEY },
        tei: { base_url: simulator.url, api_key: KEY },
      },
      models: {
        house: { targets: [{ provider: 'cohere', model: 'sim-1' }] },
        'jina-house': { targets: [{ provider: 'jina', model: 'sim-1' }] },
        'voyage-house': { targets: [{ provider: 'voyage', model: 'sim-1' }] },
        rerank: { targets: [{ provider: 'tei', model: 'sim-1' }] },
      },
    },
  });
});
afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]();
  await simulator?.[Symbol.asyncDispose]();
});

async function post(url: string, body: string) {
  const headers = { authorization: `Bearer ${KEY}`, 'content-type': 'application/json' };
  const reply = await fetch(url, { method: 'POST', headers, body });
  // Latin-1 keeps each byte apart: what UTF-8 would replace is not hidden.
  return { status: reply.status, body: Buffer.from(await reply.arrayBuffer()).toString('latin1') };
}

const CHAT = '"messages":[{"role":"user","content":"echo: \\u0041  naïve ☕","x_unknown":1}]';
const TOOLS = '"tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object","properties":{"n":{"type":"integer"}}}}}]';
const RERANK = '"query":"red apple","documents":["a pear",  "a red apple", "an apple"]';

interface Row {
  readonly name: string;
  /** As a caller asks the gateway, and where that goes. */
  readonly path: string;
  readonly upstream: string;
  readonly body: string;
  /** What must arrive; absent: the very body. */
  readonly forwarded?: string;
}

const ROWS: readonly Row[] = [
  { name: 'a whole chat', path: '/v2/chat', upstream: '/v2/chat', body: `{ "model":"sim-1", ${CHAT} }` },
  { name: 'a streamed chat', path: '/v2/chat', upstream: '/v2/chat', body: `{"stream":true,"model":"sim-1",${CHAT}}` },
  {
    name: 'a stream of plans and calls',
    path: '/v2/chat',
    upstream: '/v2/chat',
    body: `{"stream":true,"model":"sim-1",${CHAT},${TOOLS},"tool_choice":"REQUIRED"}`,
  },
  {
    name: 'a stream of thoughts, citations and log probabilities',
    path: '/v2/chat',
    upstream: '/v2/chat',
    body: `{"stream":true,"model":"sim-1",${CHAT},"documents":["Rain."],"thinking":{"type":"enabled"},"logprobs":true}`,
  },
  {
    name: 'a model with another name upstream',
    path: '/v2/chat',
    upstream: '/v2/chat',
    body: `{"k":5.0,"model" : "house",${CHAT}}`,
    forwarded: `{"k":5.0,"model" : "sim-1",${CHAT}}`,
  },
  { name: 'a field that the vendor refuses', path: '/v2/chat', upstream: '/v2/chat', body: `{"model":"sim-1",${CHAT},"x_new":{"a":1}}` },
  { name: 'a reranking', path: '/v2/rerank', upstream: '/v2/rerank', body: `{"model":"sim-1",${RERANK},"top_n":2}` },
  {
    name: 'an embedding',
    path: '/v2/embed',
    upstream: '/v2/embed',
    body: '{"model":"sim-1","texts":["one"],"input_type":"classification","embedding_types":["int8","base64"]}',
  },
  {
    name: 'a reranking in Jina’s form',
    path: '/v1/rerank',
    upstream: '/jina/v1/rerank',
    body: `{"model":"jina-house",${RERANK},"top_n":2}`,
    forwarded: `{"model":"sim-1",${RERANK},"top_n":2}`,
  },
  {
    name: 'a reranking in Voyage’s form',
    path: '/v1/rerank',
    upstream: '/voyage/v1/rerank',
    body: `{"model":"voyage-house",${RERANK},"top_k":2}`,
    forwarded: `{"model":"sim-1",${RERANK},"top_k":2}`,
  },
  {
    name: 'a reranking in TEI’s form',
    path: '/rerank',
    upstream: '/rerank',
    body: '{"query":"red apple", "texts":["a pear","a red apple"]}',
  },
  {
    name: 'a reranking in TEI’s form that names its model',
    path: '/rerank',
    upstream: '/rerank',
    body: '{"query":"red apple", "model":"rerank", "texts":["a pear"], "raw_scores":true}',
    forwarded: '{"query":"red apple", "texts":["a pear"], "raw_scores":true}',
  },
];

describe('bytes pass', () => {
  for (const { name, path, upstream, body, forwarded = body } of ROWS) {
    test(name, async () => {
      const answer = await post(gateway.url + path, body);
      const [sent] = (await simulator.requests(upstream)).slice(-1);
      expect(sent?.body).toBe(forwarded);
      expect(answer).toEqual(await post(simulator.url + upstream, forwarded));
    });
  }
});
