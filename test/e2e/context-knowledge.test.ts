/* Documents in chats: from the upload to what reaches the model, as far as each key may see them; and those that try to get out of their quotation. */
import { describe, expect, test } from 'bun:test';
import OpenAI, { toFile } from 'openai';
import { HOSTILE_TEXTS } from '../context/hostile-texts.ts';
import { ADA, ALL, asks, COMPLETIONS, EVE, gateway, lastAsked, MODEL, post, says, told, unified, useContextRig } from './context-rig.ts';

useContextRig();

const QUESTION = 'When is the portcullis raised?';
const client = (key: string) => new OpenAI({ apiKey: key, baseURL: `${gateway.url}/v1`, maxRetries: 0 });

async function storeWith(name: string, text: string, key = ALL): Promise<string> {
  const store = await client(key).vectorStores.create({ name });
  const file = await client(key).vectorStores.files.uploadAndPoll(store.id, await toFile(Buffer.from(text), `${name}.md`), {
    pollIntervalMs: 20,
  });
  expect(file.status).toBe('completed');
  return store.id;
}

describe('documents', () => {
  test('that were uploaded are told by the unified chat, with their source', async () => {
    const form = new FormData();
    form.set(
      'file',
      new File(['# Castle\n\nThe portcullis is raised at dawn, and lowered at dusk.\n'], 'castle.md', { type: 'text/markdown' }),
    );
    const uploaded = await gateway.request('/v1/upload', { method: 'POST', headers: { authorization: `Bearer ${ALL}` }, body: form });
    expect(uploaded.status).toBeLessThan(300);
    const { context, metadata } = await unified({ messages: [says(QUESTION)] });
    expect(context.rag_documents[0]).toMatchObject({
      text: expect.stringContaining('raised at dawn'),
      score: expect.any(Number),
      metadata: { source: 'castle.md', file_id: expect.any(String) },
    });
    expect(metadata).toMatchObject({ rag_documents_retrieved: context.rag_documents.length, skipped: ['memory'] });
    expect(await told()).toMatch(/\[d:[\w-]+#0 'castle\.md'(?:, Castle)?\]\n> (?:# Castle\n>\n> )?The portcullis is raised at dawn/);
  });

  test('are taken again after their user was erased, into a collection of the same name', async () => {
    const headers = { authorization: `Bearer ${ADA}` };
    const upload = async (): Promise<Record<string, unknown>> => {
      const form = new FormData();
      form.set('file', new File(['# Moat\n\nThe moat is drained in March.\n'], 'moat.md', { type: 'text/markdown' }));
      const reply = await gateway.request('/v1/upload', { method: 'POST', headers, body: form });
      return { code: reply.status, ...((await reply.json()) as object) };
    };
    const first = await upload();
    expect(first).toMatchObject({ code: 200, indexed: true });
    const erased = await gateway.request('/v1/users/ada', { method: 'DELETE', headers });
    expect(await erased.json()).toMatchObject({ erased: true, counts: { documents: 1, collections: 1 } });
    expect(await upload()).toMatchObject({ code: 200, indexed: true, vector_store_id: first['vector_store_id'] });
    const asked = await gateway.request('/v1/query', {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/json' },
      body: JSON.stringify({ query: 'When is the moat drained?' }),
    });
    expect(await asked.text()).toContain('drained in March');
    await gateway.request('/v1/users/ada', { method: 'DELETE', headers });
  });

  test('of a collection are told to whoever names it, by id or name, in every way to ask', async () => {
    const id = await storeWith('lighthouse', 'The lamp of the lighthouse turns every nine seconds.');
    const question = 'How often does the lamp of the lighthouse turn?';
    for (const [body, headers] of [
      [asks(question, { gatehouse: { knowledge: { collections: [id], limit: 1 } } }), {}],
      [asks(question), { 'x-gatehouse-context': `knowledge=${id}` }],
      [asks(question), { 'x-gatehouse-context': 'knowledge=lighthouse' }],
    ] as const) {
      const reply = await post(COMPLETIONS, body, { headers });
      expect(reply.headers.get('x-gatehouse-context')).toBe('profile=0;memories=0;documents=1');
      expect(reply.headers.get('x-gatehouse-memory')).toBeNull();
      expect(await told()).toContain('> The lamp of the lighthouse turns every nine seconds.');
    }
    const none = await post(
      COMPLETIONS,
      asks(question, { gatehouse: { knowledge: { collections: [id], filter: { type: 'eq', key: 'team', value: 'x' } } } }),
    );
    expect(none.headers.get('x-gatehouse-context')).toBe('profile=0;memories=0;documents=0');
  });

  test('an answer that was told them is cached by what it was told', async () => {
    const id = await storeWith('cached', 'The password of the day is swordfish.');
    const body = asks('What is the password of the day?', { gatehouse: { knowledge: { collections: [id] } } });
    expect((await post(COMPLETIONS, body)).headers.get('x-cache')).toBe('MISS');
    expect((await post(COMPLETIONS, body)).headers.get('x-cache')).toBe('HIT');
    await client(ALL).vectorStores.files.uploadAndPoll(id, await toFile(Buffer.from('The password of the day is marlin.'), 'b.md'), {
      pollIntervalMs: 20,
    });
    expect((await post(COMPLETIONS, body)).headers.get('x-cache')).toBe('MISS');
  });

  test('of another tenant, or of another user, are not there', async () => {
    const [ours, adas] = [await storeWith('ours', 'canary-of-ours'), await storeWith('adas', 'canary-of-ada', ADA)];
    for (const [id, key] of [
      [ours, EVE],
      [adas, EVE],
      [adas, ALL],
    ] as const) {
      const reply = await post(COMPLETIONS, asks('canary?', { gatehouse: { knowledge: { collections: [id] } } }), { key });
      expect(reply.status).toBe(404);
    }
    expect((await post(COMPLETIONS, asks('canary?', { gatehouse: { knowledge: { collections: [adas] } } }), { key: ADA })).status).toBe(
      200,
    );
    expect(await lastAsked()).toContain('canary-of-ada');
  });
});

describe('instructions that were planted in documents', () => {
  for (const [at, { name, text, forbidden = [] }] of HOSTILE_TEXTS.entries()) {
    if (text.trim() === '' || !text.isWellFormed()) continue;
    test(name, async () => {
      // A file with controls is refused as one that is no text.
      // oxlint-disable-next-line no-control-regex
      const id = await storeWith(`hostile-${at}`, `zebra\n${text.replaceAll(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/g, '')}`);
      for (const [path, model] of [
        [COMPLETIONS, MODEL],
        ['/v1/messages', 'claude'],
        ['/v1/responses', 'claude'],
      ] as const) {
        const question = 'What about the zebra?';
        const body = path === '/v1/responses' ? { model, input: question } : { model, max_tokens: 9, messages: [says(question)] };
        expect((await post(path, body, { headers: { 'x-gatehouse-context': `knowledge=${id}` } })).status).toBe(200);
        const own = /^<(gatehouse-context-[a-z2-7]{16})>\n([\s\S]*)\n<\/\1>$/.exec(await told());
        const inside = own?.[2] ?? '';
        expect(inside).toContain('\n[d:');
        const others = inside
          .split('\n')
          .filter(
            (line) => !/^(?:|>.*|From documents:|This was looked up .*|\[d:[\w.-]+#\d+ '[^[\]<>"`]*'(?:, [^[\]<>"`]*)?\])$/.test(line),
          );
        expect(others).toEqual([]);
        expect(forbidden.filter((piece) => inside.includes(piece))).toEqual([]);
      }
    });
  }
});
