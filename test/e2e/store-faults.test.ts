/*
 * Chats go on while what memory and knowledge lean on is stopped, slow or lying: the store of vectors, the store of records, the embedding model. No chat
 * fails, each says what was left out, nobody is told what is another's, and what was said meanwhile is remembered.
 */
import { afterAll, beforeAll, describe, test } from 'bun:test';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type FaultyService, startFaultyService } from '../harness/faulty-service.ts';
import type { GatewayProcess } from '../harness/gateway.ts';
import { type Alter, type LyingProxy, startLyingProxy } from '../harness/lying-proxy.ts';
import { type PostgresProcess, postgresAvailable, startPostgres } from '../harness/postgres.ts';
import { type SimulatorProcess, startSimulator } from '../harness/simulator.ts';
import { type Chat, expectAnswered, expectLeftOut, expectRemembered, expectVectors, Load, plant, startStack } from './store-faults-rig.ts';

const CHATS = 12;

const QDRANT_LIES = ['half of it', 'points without their payload', 'ids that were never stored'];
/** Among it is what was to be found: nothing is left out. */
const OTHERS = 'what everybody has as if it were theirs';
const EMBEDDER_LIES = ['an error page', 'no numbers', 'another length', 'a refusal'];

/** Of the same length, in whatever is told. */
const replaced = (from: string, to: string) => (piece: Buffer) => [Buffer.from(piece.toString('latin1').replaceAll(from, to), 'latin1')];

const NO_PROTOCOL: Readonly<Record<string, Alter>> = {
  noise: (piece) => [Buffer.from(piece.map((byte, at) => (byte * 31 + at * 17) % 256))],
  'half a message': (piece) => [piece.subarray(0, piece.length / 2), 'cut'],
};
const NO_RECORDS: Readonly<Record<string, Alter>> = {
  'other members': replaced('"text":', '"tixt":'),
  'no JSON': replaced('{"', '[['),
};

const isEnough = (chats: readonly Chat[], count: number): boolean =>
  chats.length >= count && chats.some(({ isSaid }) => isSaid) && chats.some(({ isSaid }) => !isSaid);

/** On a machine that does much else; a quiet one takes some seconds. */
const TIMEOUT_MS = 240_000;

describe.skipIf(!postgresAvailable())('while chats go on', () => {
  let simulator: SimulatorProcess;
  let qdrant: FaultyService;
  let embedder: FaultyService;
  let postgres: PostgresProcess;
  let proxy: LyingProxy;
  let folder: string;
  let gateway: GatewayProcess;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'gatehouse-faults-'));
    [simulator, qdrant, embedder, postgres] = await Promise.all([
      startSimulator(),
      startFaultyService('harness/qdrant-program.ts'),
      startFaultyService('harness/embedder-program.ts'),
      startPostgres(),
    ]);
    proxy = await startLyingProxy({ port: postgres.port });
    const records = (await postgres.createDatabase()).replace(`:${postgres.port}/`, `:${proxy.port}/`);
    const state = { records, outbox: `sqlite:${join(folder, 'outbox.db')}`, vectors: qdrant.url };
    gateway = await startStack({ model: simulator.url, embedder: embedder.url, state });
    await plant(gateway);
  }, TIMEOUT_MS);
  afterAll(async () => {
    for (const each of [gateway, simulator, qdrant, embedder, proxy, postgres]) await each?.[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  interface Fault {
    readonly name: string;
    /** Whether the gateway has met it often enough to tell. */
    readonly isMet?: () => Promise<boolean>;
    readonly begin: () => Promise<unknown> | void;
    readonly end: () => Promise<unknown> | void;
    /** Why something is left out in each chat; undefined: not in each. */
    readonly reason?: string | undefined;
    readonly also?: readonly string[];
    /** It is no wait. */
    readonly isQuick?: boolean;
  }

  /** The faults come and go while everybody chats. */
  async function bear(faults: readonly Fault[]): Promise<void> {
    const load = new Load(gateway);
    {
      await using _ = load;
      await load.well('all is well');
      for (const { name, begin, end, isMet } of faults) {
        await load.change(`${name} begins`, begin);
        try {
          await load.phase(name, async (chats) => isEnough(chats, CHATS / faults.length) && (await isMet?.()) !== false);
        } finally {
          await load.change(`${name} ends`, end);
        }
        await load.well(`well after ${name}`);
      }
    }
    expectAnswered(load.chats);
    for (const { name, reason, ...more } of faults) if (reason !== undefined) expectLeftOut(load.in(name), reason, more);
    await expectRemembered(gateway, load.chats);
    await expectVectors(gateway, qdrant.url);
  }

  const lie =
    (service: () => FaultyService, reason: string | undefined) =>
    (name: string): Fault => ({
      name,
      begin: () => service().fault(name),
      end: () => service().fault(''),
      isMet: async () => (await service().faults()) >= 2,
      isQuick: true,
      reason,
    });

  describe('Qdrant', () => {
    const reason = 'vectors';
    test(
      'is killed, and comes back empty',
      () => bear([{ name: 'is killed, and comes back empty', begin: () => qdrant.kill(), end: () => qdrant.restart(), reason }]),
      TIMEOUT_MS,
    );
    test('is frozen', () => bear([{ name: 'is frozen', begin: () => qdrant.pause(), end: () => qdrant.resume(), reason }]), TIMEOUT_MS);
    test('is slow', () => bear([{ name: 'is slow', begin: () => qdrant.fault('late'), end: () => qdrant.fault(''), reason }]), TIMEOUT_MS);
    test('lies', () => bear([...QDRANT_LIES.map(lie(() => qdrant, reason)), lie(() => qdrant, undefined)(OTHERS)]), TIMEOUT_MS);
  });

  describe('the embedding model', () => {
    const reason = 'embeddings';
    test('is killed', () => bear([{ name: 'is killed', begin: () => embedder.kill(), end: () => embedder.restart(), reason }]), TIMEOUT_MS);
    test('is frozen', () => bear([{ name: 'is frozen', begin: () => embedder.pause(), end: () => embedder.resume(), reason }]), TIMEOUT_MS);
    test(
      'is slow',
      () => bear([{ name: 'is slow', begin: () => embedder.fault('late'), end: () => embedder.fault(''), reason }]),
      TIMEOUT_MS,
    );
    test('lies', () => bear(EMBEDDER_LIES.map(lie(() => embedder, reason))), TIMEOUT_MS);
  });

  describe('PostgreSQL', () => {
    const reason = 'storage';
    const also = ['vectors', 'embeddings'];
    test(
      'is killed',
      () => bear([{ name: 'is killed', begin: () => postgres.kill(), end: () => postgres.restart(), reason, also }]),
      TIMEOUT_MS,
    );
    test(
      'is frozen',
      () => bear([{ name: 'is frozen', begin: () => postgres.pause(), end: () => postgres.resume(), reason, also }]),
      TIMEOUT_MS,
    );
    const altered = (name: string, alter: Alter) => ({
      name,
      begin: () => proxy.alter(alter),
      end: () => proxy.alter(undefined),
      isMet: async () => proxy.altered >= 2,
    });
    test('lies', () => bear(Object.entries(NO_PROTOCOL).map(([name, alter]) => ({ ...altered(name, alter), reason, also }))), TIMEOUT_MS);
    test('tells records that are none', () => bear(Object.entries(NO_RECORDS).map(([name, alter]) => altered(name, alter))), TIMEOUT_MS);
    test(
      'is slow',
      () => bear([{ name: 'is slow', begin: () => proxy.delay(3_000), end: () => proxy.delay(0), reason, also }]),
      TIMEOUT_MS,
    );
  });
});
