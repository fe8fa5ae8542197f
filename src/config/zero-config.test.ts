import { describe, expect, test } from 'bun:test';
import type { Tree } from './config-path.ts';
import { decideFindings, decideWhatToLookFor, findWhatIsMissing } from './zero-config.ts';

describe('what is worth looking for', () => {
  for (const [name, tree, givesProviders, want] of [
    ['everything, when nothing is configured', {}, false, { ollama: true, machineKey: true }],
    ['no provider, when the file has its own', { providers: {} }, true, { ollama: false, machineKey: true }],
    ['no Ollama, when a variable names one', { providers: { ollama: {} } }, false, { ollama: false, machineKey: true }],
    ['no key, when there is one', { auth: { keys: [{}] } }, false, { ollama: true, machineKey: false }],
    ['no key, when there are tokens', { auth: { jwt: {} } }, false, { ollama: true, machineKey: false }],
    ['no key, when none is wanted', { auth: { required: false } }, false, { ollama: true, machineKey: false }],
    ['no key, when others reach us', { server: { host: '0.0.0.0' } }, false, { ollama: true, machineKey: false }],
    ['a key on any loopback address', { server: { host: '::1' } }, false, { ollama: true, machineKey: true }],
    ['nothing in production', { server: { environment: 'production' } }, false, { ollama: false, machineKey: false }],
    ['no key in tests', { server: { environment: 'test' } }, false, { ollama: true, machineKey: false }],
  ] as [string, Tree, boolean, object][]) {
    test(name, () => {
      expect(decideWhatToLookFor(tree, givesProviders)).toEqual(want as ReturnType<typeof decideWhatToLookFor>);
    });
  }
});

describe('what follows', () => {
  const nothing = { givesProviders: false, ollamaAnswers: false, machineKey: undefined, standIns: [] };
  const modelsOf = (tree: Tree, found = nothing) =>
    Object.fromEntries(
      decideFindings(tree, found)
        .assignments.filter(({ path }) => path[2] === 'models')
        .map(({ path, value }) => [path[1], value]),
    );

  test('nothing at all: the simulated model answers', () => {
    expect(decideFindings({}, nothing)).toEqual({ assignments: [], warnings: [], simulate: true, standIns: [], catchAll: undefined });
  });

  test('but never in production, and not beside providers or services', () => {
    expect(decideFindings({ server: { environment: 'production' } }, nothing).simulate).toBe(false);
    expect(decideFindings({ providers: { openai: {} } }, nothing).simulate).toBe(false);
    expect(decideFindings({ services: { a: {} } }, nothing).simulate).toBe(false);
    expect(decideFindings({}, { ...nothing, ollamaAnswers: true }).simulate).toBe(false);
  });

  test('one provider takes every model name', () => {
    expect(modelsOf({ providers: { openai: {} } })).toEqual({ openai: ['*'] });
    expect(modelsOf({}, { ...nothing, ollamaAnswers: true })).toEqual({ ollama: ['*'] });
  });

  test('of several, each takes what is surely its own, and the server at hand the rest, asked last', () => {
    const tree = { providers: { vllm: {}, openai: {} } };
    expect(modelsOf(tree)).toEqual({ openai: expect.arrayContaining(['gpt-*']), vllm: ['*'] });
    expect(decideFindings(tree, nothing).catchAll).toBe('vllm');
  });

  test("a server of one's own is at hand before a vendor, and a vendor of many makers' models before one of its own", () => {
    const catchAll = (...names: string[]) =>
      decideFindings({ providers: Object.fromEntries(names.map((name) => [name, {}])) }, nothing).catchAll;
    expect(catchAll('openai', 'groq', 'vllm')).toBe('vllm');
    expect(catchAll('openai', 'anthropic', 'openrouter')).toBe('openrouter');
    expect(catchAll('mistral', 'anthropic', 'openai')).toBe('openai');
  });

  test('names that somebody gave are left alone', () => {
    expect(modelsOf({ providers: { openai: {} }, models: { mine: {} } })).toEqual({});
    expect(modelsOf({ providers: { openai: { models: ['a'] } } })).toEqual({});
    expect(modelsOf({ providers: { openai: {} } }, { ...nothing, givesProviders: true })).toEqual({});
  });

  test('the key for this machine may do everything here', () => {
    const { assignments, warnings } = decideFindings({}, { ...nothing, machineKey: { key: 'sk-gatehouse-x', warnings: ['careful'] } });
    expect(assignments[0]).toMatchObject({ path: ['auth', 'keys'], value: [{ key: 'sk-gatehouse-x', admin: true }] });
    expect(warnings).toEqual(['careful']);
  });
});

describe('with a preset', () => {
  const addresses = new Map([
    ['max-serve', 'http://max-serve:8000/v1'],
    ['ollama', 'http://127.0.0.1:11434/v1'],
  ]);
  const find = (tree: Tree, existing: readonly string[], ofPreset = addresses) =>
    findWhatIsMissing(tree, {
      givesProviders: true,
      ofPreset,
      source: {
        probe: async () => false,
        exists: async (url) => existing.includes(url),
        machineKey: async () => ({ key: 'sk-of-this-machine', warnings: [] }),
      },
    });

  test('the simulated model stands in where none of its providers exists', async () => {
    expect((await find({}, [])).standIns).toEqual(['max-serve', 'ollama']);
    expect((await find({}, ['http://max-serve:8000/v1'])).standIns).toEqual([]);
    expect((await find({}, [], new Map())).standIns).toEqual([]);
  });

  test('but in development alone', async () => {
    for (const environment of ['production', 'test']) expect((await find({ server: { environment } }, [])).standIns).toEqual([]);
  });

  test('the key for this machine is not asked of anyone', async () => {
    const { assignments } = await find({}, []);
    expect(assignments.map(({ path, value }) => [path.join('.'), Array.isArray(value) ? value.length : value])).toEqual([
      ['auth.keys', 1],
      ['auth.required', false],
    ]);
  });
});
