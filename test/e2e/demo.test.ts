/*
 * `gatehouse demo` as a process: every step does what it says, the lines that it prints do the same by hand, and whatever ends it, nothing
 * that it started is left.
 */
import { describe, expect, test } from 'bun:test';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../src/base/system-clock.ts';
import { curlLines } from '../../src/cli/demo/curl.ts';
import { PARTS } from '../../src/cli/demo/parts.ts';
import type { Stage } from '../../src/cli/demo/stage.ts';
import { type Step, status, value } from '../../src/cli/demo/step.ts';
import { transcript } from '../../src/cli/demo/transcript.ts';
import { onWire, walk } from '../../src/cli/demo/walk.ts';
import { eventually } from '../harness/eventually.ts';
import { type StartedProcess, startGatehouse } from '../harness/process.ts';
import { rejection } from '../harness/rejection.ts';
import { startSimulator } from '../harness/simulator.ts';

interface Transcript {
  readonly url: string;
  readonly ok: boolean;
  readonly passed: number;
  readonly failed: number;
  readonly parts: readonly {
    readonly id: string;
    readonly steps: readonly {
      title: string;
      outcome: string;
      complaints: string[];
      curl: string;
      sent: { url: string };
      got: object | null;
    }[];
  }[];
}

/** A demo whose files lie in a folder of its own, so that what is left of them can be seen. */
async function startDemo(args: readonly string[], readyPattern: RegExp) {
  const folder = await mkdtemp(join(tmpdir(), 'demo-test-'));
  const started = await startGatehouse(['demo', ...args], { readyPattern, timeoutMs: 60_000, env: { TMPDIR: folder } });
  return {
    started,
    leftovers: () => readdir(folder),
    async [Symbol.asyncDispose]() {
      await started[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

const urlsIn = (started: StartedProcess): string[] => [
  ...new Set([...started.stdout.join('\n').matchAll(/http:\/\/127\.0\.0\.1:\d+/g)].map(([url]) => url)),
];

async function expectAllGone(urls: readonly string[]): Promise<void> {
  expect(urls.length).toBeGreaterThan(0);
  for (const url of urls) {
    await eventually(async () => (await rejection(fetch(url))) instanceof Error, { what: `${url} being gone`, timeoutMs: 15_000 });
  }
}

test('every step does what it says, and nothing is left running', async () => {
  await using demo = await startDemo(['--json'], /^\{/);
  expect(await demo.started.exited).toEqual({ code: 0, signal: null });
  const said = await eventually(() => JSON.parse(demo.started.stdout.join('\n')) as Transcript, { what: 'the whole transcript' });
  const notPassed = said.parts.flatMap(({ steps }) => steps.filter(({ outcome }) => outcome === 'failed'));
  expect(notPassed).toEqual([]);
  expect(said).toMatchObject({ ok: true, failed: 0 });
  expect(said.parts.map(({ id }) => id)).toEqual(PARTS.map(({ id }) => id));
  for (const { steps } of said.parts)
    for (const { sent, got, curl } of steps) expect([curl.includes(sent.url), got]).toEqual([true, expect.any(Object)]);
  await expectAllGone(urlsIn(demo.started));
  expect(await demo.leftovers()).toEqual([]);
}, 90_000);

test('without a terminal it runs straight through, for people', async () => {
  await using demo = await startDemo(['--only', 'keys,infer', '--only', 'start'], /steps did what they say/);
  expect(await demo.started.exited).toEqual({ code: 0, signal: null });
  const shown = demo.started.stdout.join('\n');
  expect(shown).toContain('1 of 3: The gateway');
  expect(shown).toContain('3 of 3: Inference with mutual fallback');
  expect(shown).not.toContain('Enter for the next step');
  expect(shown).not.toContain('\u001b[');
}, 60_000);

describe('ended early', () => {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    test(`by ${signal}, it stops everything that it started`, async () => {
      await using demo = await startDemo([], /━━ 1 of/);
      await eventually(() => urlsIn(demo.started).length > 0);
      const urls = urlsIn(demo.started);
      demo.started.kill(signal);
      expect(await demo.started.exited).toEqual({ code: 130, signal: null });
      await expectAllGone(urls);
      expect(await demo.leftovers()).toEqual([]);
    }, 60_000);
  }

  test.skipIf(process.platform !== 'linux')(
    'by SIGKILL, the gateway does not outlive it',
    async () => {
      await using demo = await startDemo(['--only', 'start', '--stay'], /steps did what they say/);
      const urls = urlsIn(demo.started);
      expect((await fetch(`${urls[0]}/livez`)).status).toBe(200);
      demo.started.kill('SIGKILL');
      await demo.started.exited;
      await expectAllGone(urls);
    },
    60_000,
  );
});

describe('the command line', () => {
  test('names a part that is not there, and lists those that are', async () => {
    const error = String(await rejection(startGatehouse(['demo', '--only', 'nonsense'], { readyPattern: /never/ })));
    expect(error).toContain('--only nonsense: there is no such part');
    expect(error).toContain('ended with code 2');
    await using listed = await startGatehouse(['demo', '--list'], { readyPattern: /multi-turn/ });
    expect(await listed.exited).toEqual({ code: 0, signal: null });
  });
});

describe('a step', () => {
  /** A walk of one part against a real server. */
  async function walked(url: string, step: Partial<Step>) {
    const stage: Stage = {
      urlOf: () => Promise.resolve(url),
      act: () => Promise.resolve(''),
      heal: () => Promise.resolve(),
      findLog: () => undefined,
      [Symbol.asyncDispose]: () => Promise.resolve(),
    };
    const whole: Step = { title: 't', shows: 's', sends: { path: '/health', key: null }, checks: [status(200)], ...step };
    const part = { id: 'p', title: 'P', about: '', steps: [whole] };
    const silent = { begins() {}, beforeStep: () => Promise.resolve(true), saw() {} };
    const results = await walk([part], silent, { stage, clock: systemClock, signal: new AbortController().signal });
    return { ...results[0]?.steps[0], ok: transcript(url, results).ok };
  }

  test('that does not do what it says makes the demo fail, and says what was wrong', async () => {
    await using simulator = await startSimulator();
    expect(await walked(simulator.url, {})).toMatchObject({ outcome: 'passed', shows: 's', ok: true });
    const wrong = await walked(simulator.url, { checks: [status(201), value('status', 'ill'), value('ok', true)] });
    expect(wrong).toMatchObject({ outcome: 'failed', complaints: ['status 201', 'status is ill'], ok: false });
    expect(await walked('http://127.0.0.1:1', {})).toMatchObject({ outcome: 'failed', answer: undefined, ok: false });
    expect(await walked(simulator.url, { showsLog: true })).toMatchObject({ outcome: 'failed', ok: false });
  });
});

test('the curl line of a step sends what the step sends', async () => {
  await using simulator = await startSimulator();
  const seen = async () => {
    const last = (await simulator.requests()).at(-1);
    const { 'content-type': type, authorization, 'x-correlation-id': id } = last?.headers ?? {};
    const isForm = type?.startsWith('multipart/') === true;
    // Each sender has a boundary of its own, and its own words around the file.
    const body = isForm ? /filename="[^"]*"[\s\S]*?\r\n\r\n([\s\S]*?)\r\n--/.exec(last?.body ?? '')?.[1] : last?.body;
    return { method: last?.method, path: last?.path, query: last?.query, body, type: isForm ? 'form' : type, authorization, id };
  };
  const steps = PARTS.flatMap((part) => part.steps).flatMap(({ sends }) => (typeof sends === 'function' ? sends(new Map()) : sends));
  for (const sent of steps) {
    // Where it leads does not matter here; that both lead to the same does.
    const wire = onWire({ ...sent, to: 'gateway', path: `/anything${sent.path.replace('/__sim', '')}` }, simulator.url);
    const form = new FormData();
    if (wire.file !== undefined) form.set('file', new File([wire.file.text], wire.file.filename, { type: wire.file.type }));
    const body = wire.file === undefined ? wire.body : form;
    await (await fetch(wire.url, { method: wire.method, headers: wire.headers, ...(body === undefined ? {} : { body }) })).text();
    const bySelf = await seen();
    const shell = Bun.spawn(['sh', '-c', `${curlLines(wire).join('\n')} --fail`], { stdout: 'ignore', stderr: 'pipe' });
    expect([curlLines(wire)[0], await shell.exited]).toEqual([curlLines(wire)[0], 0]);
    expect(await seen()).toEqual(bySelf);
  }
}, 60_000);
