/*
 * The house rules, held against the tree. What the linter can check is in .oxlintrc.json; the tables are in test/tidy/. The
 * second half feeds the rules with bad snippets: a checker that cannot fail checks nothing.
 */
import { describe, expect, test } from 'bun:test';
import { basename, dirname, join } from 'node:path';
import manifest from '../package.json';
import { DIRECT_MAX, decisionProblems, type LockPackages, lockProblems, manifestProblems, TREE_MAX } from './tidy/package-rules.ts';
import { importProblem, isBarrel, problemsOf, type SourceFile } from './tidy/source-rules.ts';
import { viewsOf } from './tidy/source-text.ts';

const root = dirname(import.meta.dir);

async function read(pattern: string): Promise<SourceFile[]> {
  const paths = await Array.fromAsync(new Bun.Glob(pattern).scan({ cwd: root }));
  return Promise.all(
    paths.sort().map(async (path) => ({ path: path.replaceAll('\\', '/'), text: await Bun.file(join(root, path)).text() })),
  );
}

const files = [...(await read('{src,test,bench,eval,bin}/**/*.{ts,mjs}'))];

/** The names that providers and dialects have in the tree, and those they have in everybody's mouth. */
function namesIn(paths: readonly string[]): string[] {
  const known = ['openai', 'anthropic', 'gemini', 'ollama', 'vllm', 'mistral', 'groq', 'azure', 'bedrock', 'vertex', 'deepseek', 'cohere'];
  const members = paths.flatMap((path) => /^src\/(?:providers|dialects)\/([a-z0-9-]+)(?:\/|\.ts$)/.exec(path)?.[1] ?? []);
  const names = members.filter((name) => !/^(registry|provider|dialect)/.test(name));
  return [...new Set([...known, ...names])];
}

const surroundings = {
  names: namesIn(files.map((file) => file.path)),
  packages: new Set(Object.keys({ ...manifest.dependencies, ...manifest.optionalDependencies })),
};

describe('the tree', () => {
  test('every source file keeps the house rules', () => {
    expect(files.length).toBeGreaterThan(10);
    expect(files.flatMap((file) => problemsOf(file, surroundings))).toEqual([]);
  });

  test('every dependency is pinned, explained and few', async () => {
    const reasons = await Bun.file(join(root, 'docs/decisions/0002-dependencies.md')).text();
    expect(manifestProblems(manifest, reasons)).toEqual([]);
  });

  test('the lock file has no install scripts, no git sources, and a small tree at run time', async () => {
    const lock: { packages: LockPackages } = await Bun.file(join(root, 'package-lock.json')).json();
    expect(Object.keys(lock.packages).length).toBeGreaterThan(5);
    expect(lockProblems(lock.packages)).toEqual([]);
  });

  test('every decision is numbered and titled', async () => {
    const records = await read('docs/decisions/*');
    expect(records.length).toBeGreaterThan(0);
    expect(decisionProblems(records.map(({ path, text }) => ({ name: basename(path), text })))).toEqual([]);
  });
});

/** What the rules say about one snippet at a path. */
function complaints(path: string, text: string): string[] {
  return problemsOf({ path, text }, { names: ['openai', 'openai-chat'], packages: new Set(['zod', '@scope/pack']) });
}

describe('the rules about a source file', () => {
  for (const { name, path, text, want } of [
    {
      name: 'reading the time of day',
      path: 'src/edge/drain.ts',
      text: 'const start = Date.now();',
      want: 'src/edge/drain.ts:1: `Date.now(`: take a Clock',
    },
    {
      name: 'a date of now',
      path: 'src/edge/drain.ts',
      text: '\n\nconst day = new Date();',
      want: 'src/edge/drain.ts:3: `new Date()`: take a Clock',
    },
    { name: 'a timer', path: 'src/edge/drain.ts', text: 'setTimeout(run, 5);', want: 'take a Clock' },
    { name: 'a timer of the platform', path: 'src/edge/drain.ts', text: 'fetcher(AbortSignal.timeout(5));', want: 'take a Clock' },
    { name: 'chance', path: 'src/upstream/retry.ts', text: 'const x = Math.random();', want: 'take a `random: () => number`' },
    { name: 'the console', path: 'src/edge/drain.ts', text: 'console.log(1);', want: 'take a Logger' },
    { name: 'the environment', path: 'src/edge/drain.ts', text: 'const { HOME } = process.env;', want: 'take it as a parameter' },
    { name: 'ending the process', path: 'src/edge/drain.ts', text: 'process.exit(1);', want: 'only the entry files' },
    { name: 'an open connection', path: 'src/policies/jwt/jwks.ts', text: 'const reply = await fetch(url);', want: 'upstream/transport' },
    { name: 'a call inside a template', path: 'src/edge/drain.ts', text: 'const x = `a ${Date.now()} b`;', want: 'take a Clock' },
    { name: 'a direct stream', path: 'src/edge/reply.ts', text: "new ReadableStream({ type: 'direct' });", want: 'back-pressure' },
    { name: 'a comparison with a name', path: 'src/edge/reply.ts', text: "if (dialect === 'openai-chat') go();", want: 'declares' },
    { name: 'a comparison the other way round', path: 'src/routing/plan.ts', text: "if ('openai' !== provider) go();", want: 'declares' },
    { name: 'a case with a name', path: 'src/routing/plan.ts', text: "switch (x) { case 'openai': go(); }", want: 'declares' },
    {
      name: 'an import upwards',
      path: 'src/base/lru.ts',
      text: "import { x } from '../edge/drain.ts';",
      want: 'base imports edge, but imports go one way',
    },
    {
      name: 'an import of a type upwards',
      path: 'src/stores/x.ts',
      text: "import type { X } from '../pipeline/x.ts';",
      want: 'stores imports pipeline',
    },
    { name: 'a dynamic import upwards', path: 'src/edge/x.ts', text: "await import('../gateway.ts');", want: 'edge imports gateway' },
    {
      name: 'an import across a row',
      path: 'src/stores/x.ts',
      text: "import { x } from '../telemetry/x.ts';",
      want: 'stores imports telemetry',
    },
    { name: 'a policy that knows another', path: 'src/policies/a/a.ts', text: "import { x } from '../b/b.ts';", want: 'strangers' },
    { name: 'a provider that knows another', path: 'src/providers/vllm.ts', text: "import { x } from './openai.ts';", want: 'strangers' },
    { name: 'a folder without a level', path: 'src/novel/x.ts', text: "import { x } from '../base/lru.ts';", want: 'has no level' },
    { name: 'the gateway in the simulator', path: 'src/simulate/x.ts', text: "import { x } from '../edge/x.ts';", want: 'only base' },
    {
      name: 'the simulator in the gateway',
      path: 'src/gateway.ts',
      text: "import { x } from './simulate/x.ts';",
      want: 'only its command',
    },
    {
      name: 'something from outside src/',
      path: 'src/edge/x.ts',
      text: "import { x } from '../../test/harness/x.ts';",
      want: 'nothing from outside',
    },
    { name: 'a development package', path: 'src/edge/x.ts', text: "import OpenAI from 'openai';", want: 'not among the dependencies' },
    {
      name: 'a barrel',
      path: 'src/edge/edge.ts',
      text: "// all\nexport * from './drain.ts';\nexport { x } from './x.ts';",
      want: 'only re-exports',
    },
    { name: 'a name that says nothing', path: 'src/edge/utils.ts', text: 'export const x = 1;', want: 'name the file' },
    { name: 'a lonely test', path: 'src/edge/x.test.ts', text: "test.only('x', () => {});", want: 'silences' },
    { name: 'a skipped test', path: 'src/edge/x.test.ts', text: "describe.skip('x', () => {});", want: 'mend it' },
  ]) {
    test(`refuse ${name}`, () => {
      const found = complaints(path, text);
      expect(found).toHaveLength(1);
      expect(found[0]).toContain(want);
    });
  }

  for (const { name, path, text } of [
    { name: 'the clock that reads the time', path: 'src/base/system-clock.ts', text: 'const now = () => Date.now();' },
    { name: 'a date made from a number', path: 'src/edge/x.ts', text: 'const day = new Date(clock.now());' },
    {
      name: 'calls that only a comment or a string names',
      path: 'src/edge/x.ts',
      text: "// Date.now()\n/* console.log() */ const x = 'setTimeout(';",
    },
    { name: 'a quote in a regular expression', path: 'src/edge/x.ts', text: "const quote = /['\"`]/; const x = 'console.log';" },
    { name: 'a division', path: 'src/edge/x.ts', text: "const x = a / b; const y = 'console.' / 2;" },
    { name: 'a name in a table', path: 'src/config/x.ts', text: "const row = { dialect: 'openai-chat' };" },
    { name: 'a comparison inside a provider', path: 'src/providers/openai.ts', text: "if (kind === 'openai') go();" },
    {
      name: 'a handler named fetch',
      path: 'src/edge/x.ts',
      text: 'Bun.serve({ fetch(request, server) { return answer(request); } }); upstream.fetch(x); this.#fetch();',
    },
    { name: 'an import downwards', path: 'src/edge/x.ts', text: "import { x } from '../base/lru.ts';" },
    { name: 'a neighbour in the same policy', path: 'src/policies/a/a.ts', text: "import { x } from './a-config.ts';" },
    { name: 'the registry, which knows them all', path: 'src/policies/registry.ts', text: "import { x } from './a/a.ts';" },
    {
      name: 'the contract of the dialects',
      path: 'src/dialects/openai-chat/wire.ts',
      text: "import type { Dialect } from '../dialect.ts';",
    },
    {
      name: 'a package at run time',
      path: 'src/edge/x.ts',
      text: "import { z } from 'zod/mini';\nimport '@scope/pack/part';\nimport fs from 'node:fs';",
    },
    { name: 'words that only look like an import', path: 'src/edge/x.ts', text: `Buffer.from(': ping'); const x = "copied from '../x'";` },
    { name: 'timers in a test', path: 'src/edge/x.test.ts', text: 'setTimeout(run, 5);' },
    { name: 'a test that runs only where a server is', path: 'src/edge/x.test.ts', text: "test.skipIf(server === null)('x', run);" },
  ]) {
    test(`allow ${name}`, () => expect(complaints(path, text)).toEqual([]));
  }

  test('exceptions to the direction of imports are named one by one', () => {
    expect(importProblem('src/upstream/call.ts', '../routing/plan.ts')).toBeUndefined();
    expect(importProblem('src/routing/models-config.ts', '../upstream/upstream-config.ts')).toBeUndefined();
    expect(importProblem('src/config/config.ts', '../admin/admin-config.ts')).toBeUndefined();
    expect(importProblem('src/config/config.ts', '../admin/admin.ts')).toContain('one way');
    expect(importProblem('src/routing/plan.ts', '../upstream/call.ts')).toContain('one way');
  });

  test('a file with something of its own is no barrel', () => {
    expect(isBarrel("import { a } from './a.ts';\nexport { a };\n")).toBe(true);
    expect(isBarrel("export { a } from './a.ts';\nexport const b = 1;\n")).toBe(false);
    expect(isBarrel("import './main-part.ts';\n")).toBe(false);
  });

  test('the views keep every offset and hide only what they should', () => {
    const text = "a('x'); // y\nb(`1 ${c('z')} 2`); /* m */ d(/[/'\"]/g, e / f);";
    const views = viewsOf(text);
    expect(views.withoutComments).toBe("a('x');     \nb(`1 ${c('z')} 2`);         d(/[/'\"]/g, e / f);");
    expect(views.code).toBe("a(' ');     \nb(`  ${c(' ')}  `);         d(/     /g, e / f);");
  });
});

describe('the rules about packages and decisions', () => {
  for (const { name, problems, want } of [
    { name: 'a range', problems: manifestProblems({ dependencies: { zod: '^4.0.0' } }, '`zod`'), want: 'pin one exact version' },
    { name: 'a git source', problems: manifestProblems({ devDependencies: { x: 'github:a/x' } }, '`x`'), want: 'pin one exact version' },
    { name: 'a dependency without a reason', problems: manifestProblems({ dependencies: { zod: '4.0.0' } }, ''), want: 'no line in docs' },
    {
      name: 'two versions of Bun',
      problems: manifestProblems({ optionalDependencies: { '@oven/bun-linux-x64': '1.4.5', '@oven/bun-darwin-x64': '1.4.4' } }, ''),
      want: 'several versions',
    },
    {
      name: 'too many direct dependencies',
      problems: manifestProblems(
        { dependencies: numbered(DIRECT_MAX + 1, '1.0.0') },
        Object.keys(numbered(DIRECT_MAX + 1, ''))
          .map((key) => `\`${key}\``)
          .join(),
      ),
      want: 'leave one out',
    },
    { name: 'an install script', problems: lockProblems({ 'node_modules/x': { hasInstallScript: true } }), want: 'install script' },
    {
      name: 'a locked git source',
      problems: lockProblems({ 'node_modules/x': { resolved: 'git+ssh://git@github.com/a/x.git' } }),
      want: 'registry',
    },
    {
      name: 'a lock file without the packages of another platform',
      problems: lockProblems({ 'node_modules/x': { optionalDependencies: { '@x/x-darwin-x64': '1.0.0' } } }),
      want: 'complete-lock.mjs',
    },
    { name: 'too large a tree', problems: lockProblems(numbered(TREE_MAX + 1, {})), want: 'at run time' },
    { name: 'a gap in the decisions', problems: decisionProblems([{ name: '0002-a.md', text: '# 0002. A' }]), want: 'expected 0001-' },
    { name: 'a decision without its title', problems: decisionProblems([{ name: '0001-a.md', text: 'A' }]), want: 'begin with' },
  ]) {
    test(`refuse ${name}`, () => {
      expect(problems).toHaveLength(1);
      expect(problems[0]).toContain(want);
    });
  }
});

/** `count` entries with the same value. */
function numbered<Value>(count: number, value: Value): Record<string, Value> {
  return Object.fromEntries(Array.from({ length: count }, (_, number) => [`package-${number}`, value]));
}
