/*
 * An embedding model with OpenAI's API that knows a few words which mean the same, so that a test can tell what was found by its meaning. Each has a dimension of
 * its own; every other word has a little weight in one of the rest.
 */
import { ANY_WRONG, FaultSwitch, type Wrong } from './fault-switch.ts';

const SAME: readonly (readonly string[])[] = [
  ['puppy', 'hound'],
  ['vessel', 'yacht'],
  ['loaf', 'bread'],
  ['kin', 'relatives'],
];
const DIMENSIONS = 32;
const OTHER_WEIGHT = 0.05;

function embed(text: string, dimensions = DIMENSIONS): number[] {
  const vector = Array.from({ length: dimensions }, () => 0.001);
  for (const word of text.toLowerCase().match(/[a-z]+/g) ?? []) {
    const meaning = SAME.findIndex((words) => words.includes(word));
    const place = meaning === -1 ? SAME.length + (Bun.hash.crc32(word) % (dimensions - SAME.length)) : meaning;
    vector[place] = (vector[place] ?? 0) + (meaning === -1 ? OTHER_WEIGHT : 1);
  }
  return vector;
}

async function inputs(request: Request): Promise<string[]> {
  const { input } = (await request.json()) as { input: string | string[] };
  return [input].flat();
}

function answer(vectors: readonly unknown[]): Response {
  const data = vectors.map((embedding, index) => ({ object: 'embedding', index, embedding }));
  return Response.json({ object: 'list', data, model: 'words', usage: { prompt_tokens: 1, total_tokens: 1 } });
}

function each(make: (text: string) => unknown): Wrong {
  return async (request) => answer((await inputs(request)).map(make));
}

const WRONGS: Readonly<Record<string, Wrong>> = {
  ...ANY_WRONG,
  'no numbers': each(() => Array.from({ length: DIMENSIONS }, () => null)),
  'texts for numbers': each((text) => embed(text).map(String)),
  'numbers beyond all bounds': each((text) => embed(text).map((value) => value * 1e300)),
  'no direction': each((text) => embed(text).map(() => 0)),
  'another length': each((text) => embed(text, DIMENSIONS + 5)),
  'a length for each': each((text) => embed(text, DIMENSIONS + (text.length % 7))),
  'too few': async (request) => answer((await inputs(request)).slice(1).map((text) => embed(text))),
  // As if each text were at fault.
  'a refusal': () => Response.json({ error: { message: 'bad input', type: 'invalid_request_error' } }, { status: 400 }),
};

const faults = new FaultSwitch(WRONGS, () => true);
const server = Bun.serve({
  hostname: '127.0.0.1',
  port: Number(process.argv[2] ?? 0),
  fetch: (request) => faults.answer(request, async () => answer((await inputs(request)).map((text) => embed(text)))),
});
process.stdout.write(`ready at http://127.0.0.1:${server.port}\n`);
