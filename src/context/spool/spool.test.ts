import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { plainBody, splicedBody } from '../../operations/upload.ts';
import { mediaConfig } from './media-config.ts';
import { createSpools } from './spool.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gatehouse-spool-'));
});
afterAll(() => rm(folder, { recursive: true }));

const text = Array.from({ length: 200_000 }, (_, index) => `${index} `).join('');
let made = 0;
const spools = (config: object) => createSpools(mediaConfig.parse({ folder, ...config }), () => String((made += 1)));
const read = async (body: Uint8Array | ReadableStream<Uint8Array>) =>
  Buffer.from(await new Response(body as ReadableStream<Uint8Array>).arrayBuffer()).toString();

describe('a body', () => {
  for (const [name, memory] of [
    ['in memory', '16MiB'],
    ['in a file', '100KiB'],
    ['in a file from its first byte', '0'],
  ] as const) {
    test(`${name} is given back as it came, as often as it is asked for, and with a part replaced`, async () => {
      const spool = spools({ memory_bytes_max: memory }).create();
      const bytes = Buffer.from(text);
      for (let at = 0; at < bytes.length; at += 30_000) await spool.write(bytes.subarray(at, at + 30_000));
      expect(spool.length).toBe(bytes.length);
      expect(spool.bytes !== undefined).toBe(name === 'in memory');
      for (let again = 0; again < 2; again += 1) expect((await read(plainBody(spool).open())) === text).toBe(true);
      const spliced = splicedBody(spool, { start: 6, end: 7 }, 'three');
      const changed = await read(spliced.open());
      expect(changed === `${text.slice(0, 6)}three${text.slice(7)}`).toBe(true);
      expect(spliced.length).toBe(changed.length);
      // Not even while it is used does it lie about under a name.
      expect(await readdir(folder)).toEqual([]);
      await spool.dispose();
    });
  }

  test('is gone after it was given back, and so is its share of what all may have', async () => {
    const all = spools({ memory_bytes_max: '1KiB', stored_bytes_max: '1MiB' });
    const [first, second] = [all.create(), all.create()];
    await first.write(new Uint8Array(1_000_000));
    expect(second.write(new Uint8Array(100_000))).rejects.toMatchObject({ code: 'overloaded' });
    const stream = first.stream(0, 10);
    await first.dispose();
    await first.dispose();
    expect(read(stream)).rejects.toBeDefined();
    await second.write(new Uint8Array(1_000_000));
    await second.dispose();
  });

  test('that can not be kept is told so', async () => {
    const spool = spools({ folder: join(folder, 'nowhere'), memory_bytes_max: '0' }).create();
    expect(spool.write(new Uint8Array(1))).rejects.toMatchObject({ code: 'storage_unavailable' });
  });
});
