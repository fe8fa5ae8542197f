/*
 * What every kind of provider is sent, as a real gateway sends it: the requests of callers of several dialects, byte for byte, as files that people read.
 * `GATEHOUSE_GOLDEN=write` writes them anew.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { configSchema } from '../../src/config/config.ts';
import { DIALECTS_BY_NAME } from '../../src/dialects/registry.ts';
import type { OperationKind } from '../../src/operations/operation.ts';
import { dialectBase, type ProviderDefinition } from '../../src/providers/provider.ts';
import { PROVIDERS } from '../../src/providers/registry.ts';
import { createRouter } from '../../src/routing/router.ts';
import { type GatewayProcess, startGateway } from '../harness/gateway.ts';
import { type Asked, CALLERS, EVERYWHERE } from './callers.ts';
import type { ProviderRow } from './provider-row.ts';
import { type RecordedAnswer, type Recorder, type SeenRequest, startRecorder } from './recorder.ts';
import { anyRecording, FOLDER, ROWS, streamOf } from './rows.ts';

const GOLDEN = join(FOLDER, 'requests');
const isWriting = process.env['GATEHOUSE_GOLDEN'] === 'write';
const KEY = 'sk-providers-0000000000';
const keyOf = (name: string) => `key-of-${name}`;

function rowOf(name: string): ProviderRow {
  const row = ROWS[name];
  if (row === undefined) throw new Error(`the provider '${name}' has no row in test/providers`);
  return row;
}

/** Where it is by itself: its own address with the places of the row, or the row's. */
function addressOf({ name }: ProviderDefinition): string {
  const { places = {}, baseUrl } = rowOf(name);
  const entry = { api_key: keyOf(name), ...places, ...(baseUrl === undefined ? {} : { base_url: baseUrl }) };
  const router = createRouter(configSchema.parse({ providers: { [name]: entry } }));
  return router.providers.get(name)?.urls[0] ?? '';
}

/** The same address at the recorder: the path is kept, and the host is the provider's name. */
function recordedAt(provider: ProviderDefinition, recorder: string): string {
  return `${recorder}/${provider.name}${new URL(addressOf(provider)).pathname.replace(/\/$/, '')}`;
}

/** Who asks it what: callers of its own dialects, and of some others. */
function questionsTo({ dialects }: ProviderDefinition): readonly { readonly dialect: string; readonly operation: OperationKind }[] {
  const operations = new Set(dialects.flatMap((spoken) => spoken.operations));
  return [...operations].flatMap((operation) => {
    const own = dialects.flatMap((spoken) => (spoken.operations.includes(operation) ? [spoken.name] : []));
    const callers = new Set([...own, ...(EVERYWHERE[operation] ?? [])]);
    return [...callers].flatMap((dialect) => (CALLERS[dialect]?.[operation] === undefined ? [] : [{ dialect, operation }]));
  });
}

let recorder: Recorder;
let gateway: GatewayProcess;

beforeAll(async () => {
  const answers = new Map<string, RecordedAnswer>();
  for (const provider of PROVIDERS) {
    for (const spoken of provider.dialects.filter(({ operations }) => operations.includes('chat'))) {
      const dialect = DIALECTS_BY_NAME.get(spoken.name);
      const asked = { kind: 'chat', stream: true } as const;
      const base = new URL(dialectBase(provider, spoken, recordedAt(provider, 'http://x')));
      const [path] = (dialect?.path(asked, rowOf(provider.name).model) ?? '').split('?');
      const recording = rowOf(provider.name).recordings.find(({ dialect: own }) => own === spoken.name) ?? anyRecording(spoken.name);
      const contentType = dialect?.streamType({ ...asked }).header ?? '';
      answers.set(base.pathname + path, { contentType, bytes: await streamOf(recording) });
    }
  }
  recorder = startRecorder((path) => answers.get(path));
  gateway = await startGateway({
    config: {
      auth: { keys: [{ name: 'client', key: KEY }] },
      limits: { mode: 'off' },
      // So that every request is made, and the golden files tell what was left out of it.
      translation: { content: 'warn' },
      upstream: { retries: { attempts_max: 1 } },
      providers: Object.fromEntries(
        PROVIDERS.map((provider) => {
          const { places = {}, settings = {} } = rowOf(provider.name);
          const entry = { type: provider.name, api_key: keyOf(provider.name), base_url: recordedAt(provider, recorder.url), ...places };
          return [provider.name, { ...entry, ...settings }];
        }),
      ),
    },
  });
});
afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]();
  await recorder?.[Symbol.asyncDispose]();
});

/** Headers of HTTP itself, and what is new each time. */
const UNSAID = new Set(['host', 'content-length', 'connection', 'traceparent', 'tracestate', 'x-correlation-id']);

function written(provider: ProviderDefinition, seen: SeenRequest): string {
  const { changing = [] } = rowOf(provider.name);
  const url = new URL(addressOf(provider)).origin + seen.path.slice(`/${provider.name}`.length);
  const headers = [...seen.headers]
    .filter(([name]) => !UNSAID.has(name))
    .map(([name, value]) => `${name}: ${changing.includes(name) ? '…' : value}`)
    .sort();
  const body: unknown = JSON.parse(seen.body);
  // So that what is shown spread out is what was sent, to the byte.
  expect(JSON.stringify(body)).toBe(seen.body);
  return [`${seen.method} ${url}`, ...headers, '', spread(body)].join('\n');
}

/** A member a line, and a message or a tool a line. */
function spread(body: unknown): string {
  const member = ([name, value]: [string, unknown]) => {
    const isList = Array.isArray(value) && value.some((item) => typeof item === 'object');
    const text = isList ? `[\n${value.map((item) => `    ${JSON.stringify(item)}`).join(',\n')}\n  ]` : JSON.stringify(value);
    return `  ${JSON.stringify(name)}: ${text}`;
  };
  return `{\n${Object.entries(body as object)
    .map(member)
    .join(',\n')}\n}`;
}

function reported(reply: Response): string[] {
  return ['translated', 'adapted', 'dropped'].flatMap((name) => {
    const value = reply.headers.get(`x-gatehouse-${name}`);
    return value === null ? [] : [`# ${name}: ${value}`];
  });
}

async function ask({ path, body }: Asked): Promise<Response> {
  const reply = await gateway.request(path, {
    method: 'POST',
    headers: { authorization: `Bearer ${KEY}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  await reply.arrayBuffer();
  return reply;
}

async function goldenOf(provider: ProviderDefinition): Promise<string> {
  const { model } = rowOf(provider.name);
  const told: string[] = [];
  for (const { dialect, operation } of questionsTo(provider)) {
    const asked = CALLERS[dialect]?.[operation]?.(`${provider.name}/${model}`);
    if (asked === undefined) continue;
    recorder.take();
    const reply = await ask(asked);
    const [seen, ...more] = recorder.take();
    expect(more).toEqual([]);
    if (seen === undefined) throw new Error(`${provider.name} was not asked by a caller of '${dialect}' (${operation}): ${reply.status}`);
    if (operation === 'chat') expect([provider.name, dialect, reply.status]).toEqual([provider.name, dialect, 200]);
    told.push([`### ${operation}, asked in ${dialect}`, ...reported(reply), written(provider, seen)].join('\n'));
  }
  return `${told.join('\n\n')}\n`;
}

describe('what each provider is sent', () => {
  test('no golden file is written where nobody would read it, and none is for nobody', () => {
    expect(isWriting && process.env['CI'] !== undefined).toBe(false);
    if (!isWriting) expect(readdirSync(GOLDEN).sort()).toEqual(PROVIDERS.map(({ name }) => `${name}.http`).sort());
  });

  test('a caller of each of its dialects asks it, in every operation that tests can ask', () => {
    for (const provider of PROVIDERS) {
      const asked = new Set(questionsTo(provider).map(({ dialect }) => dialect));
      for (const { name } of provider.dialects)
        expect([provider.name, [...asked]]).toEqual([provider.name, expect.arrayContaining([name])]);
    }
  });

  for (const provider of PROVIDERS) {
    test(provider.name, async () => {
      const path = join(GOLDEN, `${provider.name}.http`);
      const told = await goldenOf(provider);
      if (isWriting) writeFileSync(path, told);
      expect(existsSync(path)).toBe(true);
      expect(told).toBe(readFileSync(path, 'utf8'));
    });
  }
});
