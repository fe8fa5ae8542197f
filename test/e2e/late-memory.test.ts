/* Chats whose memories are in a PostgreSQL that goes away: every chat is answered, and what was said meanwhile is remembered when it is back. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { logLine } from '../harness/access-log.ts';
import { eventually } from '../harness/eventually.ts';
import { type GatewayProcess, startGateway } from '../harness/gateway.ts';
import { type PostgresProcess, postgresAvailable, startPostgres } from '../harness/postgres.ts';
import { type SimulatorProcess, startSimulator } from '../harness/simulator.ts';

const KEY = 'sk-all-000000000000';
const MODEL = 'llama-3.3-8b-instruct';

describe.skipIf(!postgresAvailable())('what is said while PostgreSQL is away', () => {
  let simulator: SimulatorProcess;
  let server: PostgresProcess;
  let folder: string;
  let url: string;
  beforeAll(async () => {
    simulator = await startSimulator();
    server = await startPostgres();
    folder = await mkdtemp(join(tmpdir(), 'gatehouse-late-'));
    url = await server.createDatabase();
  });
  afterAll(async () => {
    await simulator?.[Symbol.asyncDispose]();
    await server?.[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  const config = (context: object = {}) => ({
    auth: { keys: [{ name: 'all', key: KEY, tier: 'free' }] },
    limits: { tiers: { free: {} } },
    state: { records: url, outbox: `sqlite:${join(folder, 'outbox.db')}` },
    context: { deadline: '1s', ...context },
    providers: { chat: { type: 'openai-compatible', base_url: `${simulator.url}/v1`, api_key: 'sk-sim' } },
    models: { [MODEL]: { targets: [{ provider: 'chat', model: 'sim-1' }] } },
  });
  const start = () => startGateway({ config: config() });
  const chat = async (gateway: GatewayProcess, content: string, session: string): Promise<number> => {
    const reply = await gateway.request('/v1/chat', {
      method: 'POST',
      headers: { authorization: `Bearer ${KEY}`, 'content-type': 'application/json' },
      body: JSON.stringify({ model: MODEL, messages: [{ role: 'user', content }], user_id: 'ann', conversation_id: session }),
    });
    await reply.text();
    return reply.status;
  };
  const remembered = async (gateway: GatewayProcess): Promise<string> => {
    const reply = await gateway.request('/v1/memories?user_id=ann&top_k=100', { headers: { authorization: `Bearer ${KEY}` } });
    return reply.text();
  };

  test('is answered, kept by this machine, also when that is killed, and remembered when it is back', async () => {
    {
      await using gateway = await start();
      expect(await chat(gateway, 'My sister Ada keeps bees in Ghent.', 's1')).toBe(200);
      await eventually(async () => (await remembered(gateway)).includes('bees in Ghent'), { timeoutMs: 10_000 });
      await server.kill();
      expect(await chat(gateway, 'My brother Ben sails from Ostend.', 's2')).toBe(200);
      // What waits outlives a reload.
      await gateway.writeConfig(config({ memory: { decay: 'strong' }, embeddings: { model: 'chat/sim-1' } }));
      gateway.process.kill('SIGHUP');
      await logLine(gateway, 'Configuration reloaded');
      expect(await chat(gateway, 'My cousin Cid paints in Lille.', 's3')).toBe(200);
      // What was asked for by itself is not promised.
      const added = await gateway.request('/v1/memories', {
        method: 'POST',
        headers: { authorization: `Bearer ${KEY}`, 'content-type': 'application/json' },
        body: JSON.stringify({ user_id: 'ann', messages: [{ role: 'user', content: 'I like tea.' }] }),
      });
      expect(added.status).toBe(503);
      await eventually(async () => (await Bun.file(join(folder, 'outbox.db-wal')).text()).includes('Cid paints'), { timeoutMs: 10_000 });
      gateway.process.kill('SIGKILL');
    }
    await server.restart();
    await using gateway = await start();
    const all = async () => {
      const said = await remembered(gateway);
      return ['bees in Ghent', 'sails from Ostend', 'paints in Lille'].every((words) => said.includes(words));
    };
    await eventually(all, { timeoutMs: 40_000 });
    expect(await remembered(gateway)).not.toContain('I like tea');
  }, 120_000);
});
