/* OpenAI's Python client as it comes, in front of a target of every dialect: test/python/client.py asks, and what it was told is looked at here. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { join } from 'node:path';
import { DIALECTS } from '../../src/dialects/registry.ts';
import { type GatewayProcess, startGateway } from '../harness/gateway.ts';
import { pythonAvailable } from '../harness/python.ts';
import { type SimulatorProcess, startSimulator } from '../harness/simulator.ts';

const KEY = 'sk-python-00000000000000';
const TEXT = 'grüße, 🌍!';
const ABILITIES = new Map(DIALECTS.flatMap(({ name, codecs: { chat } }) => (chat === undefined ? [] : [[name, chat.abilities] as const])));
const TARGETS = [...ABILITIES.keys()];
const TIMEOUT_MS = 60_000;

interface Told {
  readonly model: string;
  readonly chat: { readonly text: string; readonly finish: string; readonly tokens: number };
  readonly stream: { readonly text: string; readonly pieces: number; readonly tokens: number };
  readonly tools: { readonly cities: readonly unknown[]; readonly text: string };
  readonly parse: object;
  readonly responses: Readonly<Record<'text' | 'streamed' | 'final', string>> & {
    readonly tokens: number;
    readonly calls: readonly string[];
  };
  readonly errors: Readonly<Record<string, readonly [string, number, string]>>;
  readonly several: readonly string[];
}

describe.skipIf(!pythonAvailable())("OpenAI's Python client", () => {
  let simulator: SimulatorProcess;
  let gateway: GatewayProcess;
  let told: ReadonlyMap<string, Told>;
  let last: { readonly embeddings?: object; readonly models?: readonly string[] };

  beforeAll(async () => {
    simulator = await startSimulator();
    gateway = await startGateway({
      config: {
        auth: { keys: [{ name: 'client', key: KEY }] },
        limits: { mode: 'off' },
        providers: Object.fromEntries(
          TARGETS.map((dialect) => [dialect, { type: 'simulator', base_url: simulator.url, api_key: 'any-key', dialects: [dialect] }]),
        ),
        models: Object.fromEntries(TARGETS.map((dialect) => [`on-${dialect}`, { targets: [{ provider: dialect, model: 'sim-1' }] }])),
      },
    });
    const child = Bun.spawn(['python3', join(import.meta.dir, 'client.py'), ...TARGETS.map((dialect) => `on-${dialect}`)], {
      env: { PATH: process.env['PATH'] ?? '', PYTHONUTF8: '1', OPENAI_BASE_URL: `${gateway.url}/v1`, OPENAI_API_KEY: KEY },
      stdout: 'pipe',
      stderr: 'pipe',
      stdin: 'ignore',
    });
    const [said, complained] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
    expect({ code: await child.exited, complained }).toEqual({ code: 0, complained: '' });
    const lines = said
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as unknown);
    last = lines.pop() as typeof last;
    told = new Map((lines as Told[]).map((line) => [line.model, line]));
  }, TIMEOUT_MS);
  afterAll(async () => {
    await gateway?.[Symbol.asyncDispose]();
    await simulator?.[Symbol.asyncDispose]();
  });

  for (const dialect of TARGETS) {
    describe(`in front of ${dialect}`, () => {
      const of = () => {
        const found = told.get(`on-${dialect}`);
        if (found === undefined) throw new Error(`client.py said nothing of on-${dialect}`);
        return found;
      };

      test('reads answers, whole and streamed, and what they used', () => {
        const { chat, stream } = of();
        expect(chat).toMatchObject({ text: TEXT, finish: 'stop' });
        expect(chat.tokens).toBeGreaterThan(0);
        expect(stream.text).toBe(TEXT);
        expect(stream.pieces).toBeGreaterThan(1);
        expect(stream.tokens).toBeGreaterThan(0);
      });

      test('lets the model call a tool, and parses an answer of a given shape', () => {
        const { tools, parse } = of();
        expect(tools.cities).toEqual([expect.any(String)]);
        expect(tools.text).not.toBe('');
        const forecast = { city: expect.any(String) as string, degrees: expect.any(Number) as number };
        expect(parse).toEqual(ABILITIES.get(dialect)?.['schema-output'] === 'no' ? { refused: 'feature_unsupported' } : forecast);
      });

      test('reads responses, whole and streamed, and their calls', () => {
        const { responses } = of();
        expect(responses).toMatchObject({ text: TEXT, streamed: TEXT, final: TEXT, calls: ['weather'] });
        expect(responses.tokens).toBeGreaterThan(0);
      });

      test('raises the right exceptions, and asks several things at once', () => {
        const { errors, several } = of();
        expect(errors).toEqual({
          'unknown model': ['NotFoundError', 404, 'model_not_found'],
          'unknown key': ['AuthenticationError', 401, 'invalid_api_key'],
          'no messages': ['BadRequestError', 400, expect.any(String) as string],
        });
        expect(several).toEqual(['0', '1', '2', '3', '4']);
      });
    });
  }

  test('gets embeddings and the list of models', () => {
    expect(last.embeddings).toMatchObject({ count: 2 });
    expect(last.models).toEqual(TARGETS.map((dialect) => `on-${dialect}`).sort());
  });
});
