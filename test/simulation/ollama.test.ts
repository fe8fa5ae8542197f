/*
 * What the simulated Ollama does beyond a plain answer, as Ollama's server does it: thoughts, images, contexts, models in memory, and what it
 * refuses, in its own words.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { type SimulatorProcess, startSimulator } from '../harness/simulator.ts';

let simulator: SimulatorProcess;
beforeAll(async () => {
  simulator = await startSimulator();
});
afterAll(() => simulator?.[Symbol.asyncDispose]());

type Json = Record<string, unknown>;

const post = (path: string, body: object) => fetch(`${simulator.url}${path}`, { method: 'POST', body: JSON.stringify(body) });
const ask = async (path: string, body: object) => (await (await post(path, { stream: false, ...body })).json()) as Json;
const linesOf = async (reply: Response) =>
  (await reply.text())
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Json);

const say = (content: string, more: object = {}) => [{ role: 'user', content, ...more }];
const PIXEL = Buffer.from('not quite a picture').toString('base64');

describe('thoughts', () => {
  test('come before the answer, in a field of their own, and are counted', async () => {
    const plain = await ask('/api/chat', { model: 'sim-1', messages: say('echo: so it is') });
    const lines = await linesOf(await post('/api/chat', { model: 'sim-1', messages: say('echo: so it is'), think: true }));
    const messages = lines.map(({ message }) => message as Json);
    const thinking = messages.filter((message) => message['thinking'] !== undefined);
    expect(thinking).not.toHaveLength(0);
    expect(messages.slice(0, thinking.length)).toEqual(thinking);
    expect(thinking.every(({ content }) => content === '')).toBe(true);
    expect(lines.at(-1)?.['eval_count']).toBe((plain['eval_count'] as number) + thinking.length);
    const whole = await ask('/api/chat', { model: 'sim-1', messages: say('echo: so it is'), think: 'low' });
    expect(whole['message']).toEqual({
      role: 'assistant',
      content: 'so it is',
      thinking: thinking.map((part) => part['thinking']).join(''),
    });
  });

  test('are beside the response of generate', async () => {
    expect(await ask('/api/generate', { model: 'sim-1', prompt: 'echo: yes', think: true })).toMatchObject({
      response: 'yes',
      thinking: expect.any(String),
    });
  });
});

test('images cost tokens of the prompt', async () => {
  const count = async (body: object) => (await ask('/api/chat', { model: 'sim-1', ...body }))['prompt_eval_count'] as number;
  const plain = await count({ messages: say('What is it?') });
  expect(await count({ messages: say('What is it?', { images: [PIXEL, PIXEL] }) })).toBe(plain + 512);
});

test('generate gives a context, which goes into the next answer; a raw one does not', async () => {
  const asked = { model: 'sim-1', prompt: 'Once upon a time' };
  const first = await ask('/api/generate', asked);
  expect(first['context']).toBeArray();
  const lines = await linesOf(await post('/api/generate', asked));
  expect(lines.map((line) => line['context'] !== undefined)).toEqual([...lines.slice(1).map(() => false), true]);
  expect((await ask('/api/generate', { ...asked, context: first['context'] }))['response']).not.toBe(first['response']);
  expect(await ask('/api/generate', { ...asked, raw: true })).not.toHaveProperty('context');
});

test('a model stays in memory for as long as it is told', async () => {
  const names = async () => ((await (await fetch(`${simulator.url}/api/ps`)).json()) as { models: Json[] }).models.map(({ name }) => name);
  await simulator.reset();
  await ask('/api/embed', { model: 'brief', input: 'a', keep_alive: '1m' });
  await ask('/api/chat', { model: 'long:7b', messages: say('Hi'), keep_alive: -1 });
  await ask('/api/generate', { model: 'usual', prompt: 'Hi' });
  await ask('/api/generate', { model: 'gone', prompt: 'Hi', keep_alive: 0 });
  expect(await names()).toEqual(['long:7b', 'usual:latest', 'brief:latest']);
  await ask('/api/generate', { model: 'long:7b', keep_alive: '0s' });
  expect(await names()).not.toContain('long:7b');
  await simulator.reset();
  expect(await names()).toEqual([]);
});

test('no input has no embeddings', async () => {
  for (const input of [undefined, '', []])
    expect(await ask('/api/embed', { model: 'sim-1', input })).toEqual({ model: 'sim-1', embeddings: [] });
});

describe('it refuses, in the words of Ollama,', () => {
  for (const [name, path, body, error] of [
    ['messages of a wrong type', '/api/chat', { messages: 'Hi' }, /^json: cannot unmarshal string into .*messages/],
    ['a message that is a text', '/api/chat', { messages: ['Hi'] }, /^json: cannot unmarshal string/],
    [
      'content that is a number',
      '/api/chat',
      { messages: [{ role: 'user', content: 1 }] },
      /cannot unmarshal number into .*content of type string/,
    ],
    ['a stream that is a text', '/api/chat', { messages: [], stream: 'no' }, /of type bool/],
    ['options that are a list', '/api/chat', { messages: [], options: [] }, /cannot unmarshal array/],
    ['an image that is none', '/api/generate', { prompt: 'a', images: ['?'] }, /^illegal base64 data/],
    ['raw with a system prompt', '/api/generate', { prompt: 'a', raw: true, system: 'b' }, /^raw mode does not support/],
    ['a duration that is none', '/api/generate', { prompt: 'a', keep_alive: 'soon' }, /^time: invalid duration "soon"/],
    ['inputs that are numbers', '/api/embed', { input: [1] }, /^invalid input type$/],
  ] as const) {
    test(name, async () => {
      const reply = await post(path, { model: 'sim-1', ...body });
      expect(reply.status).toBe(400);
      expect(((await reply.json()) as Json)['error']).toMatch(error);
    });
  }
});
