import { expect, test } from 'bun:test';
import { chmodSync, mkdtempSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { keepMachineKey, machineKeyPath, readMachineKey } from './machine-key.ts';

const folder = () => mkdtempSync(join(tmpdir(), 'gatehouse-key-'));
const bytes = (value: number) => new Uint8Array(24).fill(value);

test('a key is made once, kept for its owner alone, and found again', async () => {
  const path = machineKeyPath(folder());
  const made = await keepMachineKey(path, bytes(1));
  expect(made.key).toMatch(/^sk-gatehouse-[\w-]{32}$/);
  expect(made.warnings).toEqual([]);
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(await keepMachineKey(path, bytes(2))).toEqual(made);
  expect(await readMachineKey(path)).toEqual(made);
});

test('looking makes none', async () => {
  expect(await readMachineKey(machineKeyPath(folder()))).toBeUndefined();
});

test('two first starts at once agree', async () => {
  const path = machineKeyPath(folder());
  const keys = await Promise.all([1, 2, 3, 4].map((value) => keepMachineKey(path, bytes(value))));
  const kept = readFileSync(path, 'utf8').trim();
  expect(keys.filter(({ key, warnings }) => key !== kept && warnings.length === 0)).toEqual([]);
});

test('a file that others can read is made private, with a warning', async () => {
  const path = join(folder(), 'key');
  const { key } = await keepMachineKey(path, bytes(1));
  chmodSync(path, 0o644);
  const found = await readMachineKey(path);
  expect(found?.key).toBe(key);
  expect(found?.warnings).toHaveLength(1);
  expect(statSync(path).mode & 0o777).toBe(0o600);
});

test('what is no key is replaced', async () => {
  const path = join(folder(), 'key');
  writeFileSync(path, 'half a ke');
  const { key } = await keepMachineKey(path, bytes(3));
  expect(readFileSync(path, 'utf8')).toBe(`${key}\n`);
});

test('where it cannot be kept, it lasts for the run and says so', async () => {
  const file = join(folder(), 'no-folder');
  writeFileSync(file, '');
  const { key, warnings } = await keepMachineKey(join(file, 'key'), bytes(1));
  expect(key).toStartWith('sk-gatehouse-');
  expect(warnings[0]).toContain('lasts for this run alone');
});
