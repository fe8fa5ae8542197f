/* A gateway with two simulated model servers behind it, and a sink that keeps the very bytes that it is sent. */
import OpenAI from 'openai';
import { type GatewayProcess, startGateway } from '../harness/gateway.ts';
import { type SimulatorProcess, startSimulator } from '../harness/simulator.ts';

export const KEY = 'sk-media-0000000000000000';
export const NARROW = 'sk-media-narrow-000000000';

export interface Sink {
  readonly url: string;
  readonly received: { readonly path: string; readonly headers: Headers; readonly body: Buffer }[];
  /** What it answers; default `{"text":"heard"}`. */
  answer: () => Response;
}

export interface MediaRig extends AsyncDisposable {
  readonly first: SimulatorProcess;
  readonly second: SimulatorProcess;
  readonly sink: Sink;
  readonly gateway: GatewayProcess;
  readonly client: OpenAI;
}

export async function startMediaRig(more: object = {}): Promise<MediaRig> {
  await using cleanup = new AsyncDisposableStack();
  const [first, second] = await Promise.all([startSimulator(), startSimulator()]);
  cleanup.use(first);
  cleanup.use(second);
  const sink: Sink & { url: string } = { url: '', received: [], answer: () => Response.json({ text: 'heard' }) };
  const server = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    maxRequestBodySize: 1_000_000_000,
    async fetch(request) {
      sink.received.push({ path: new URL(request.url).pathname, headers: request.headers, body: Buffer.from(await request.arrayBuffer()) });
      return sink.answer();
    },
  });
  cleanup.defer(() => server.stop(true));
  sink.url = `http://127.0.0.1:${server.port}/v1`;
  const gateway = cleanup.use(
    await startGateway({
      config: {
        auth: {
          keys: [
            { name: 'media', key: KEY },
            { name: 'narrow', key: NARROW, models: ['sim-1'] },
          ],
        },
        limits: { mode: 'off' },
        providers: {
          first: { type: 'simulator', base_url: `${first.url}/v1` },
          second: { type: 'simulator', base_url: `${second.url}/v1` },
          sink: { type: 'openai-compatible', base_url: sink.url },
          deaf: { type: 'deepseek', base_url: `${first.url}/v1`, api_key: 'x' },
        },
        models: {
          'sim-1': { targets: [{ provider: 'first' }] },
          whisper: { targets: [{ provider: 'first', model: 'whisper-1' }] },
          both: {
            targets: [
              { provider: 'first', model: 'sim-1' },
              { provider: 'second', model: 'sim-2', priority: 1 },
            ],
          },
          kept: { targets: [{ provider: 'sink', model: 'kept' }] },
          renamed: { targets: [{ provider: 'sink', model: 'a-longer-name/at-the-target' }] },
          mute: { targets: [{ provider: 'deaf', model: 'deepseek-chat' }] },
        },
        ...more,
      },
    }),
  );
  const client = new OpenAI({ apiKey: KEY, baseURL: `${gateway.url}/v1`, maxRetries: 0 });
  const owned = cleanup.move();
  return { first, second, sink, gateway, client, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}
