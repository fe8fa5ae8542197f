/*
 * Every case between every two dialects: requests, whole answers, streams. The golden files beside the cases say what comes of it; they are rewritten by
 * `GATEHOUSE_GOLDEN=write`, and then read by a human.
 */
import { describe, expect, test } from 'bun:test';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CASES, CASES_FOLDER, type Case } from './corpus.ts';
import { repliesText, requestsText, streamsText } from './golden-text.ts';

const isWriting = process.env['GATEHOUSE_GOLDEN'] === 'write';

const PLAIN = 'plain-text';

/** Where a case leads to no more than the plainest one, the file of that says it. */
function hold(given: Case, file: string, text: (given: Case) => string): void {
  const path = join(CASES_FOLDER, given.name, file);
  const plainest = CASES.find(({ name }) => name === PLAIN);
  const told = text(given);
  const isPlain = given.name !== PLAIN && plainest !== undefined && withoutTitle(told) === withoutTitle(text(plainest));
  if (isWriting && isPlain) rmSync(path, { force: true });
  if (isWriting && !isPlain) writeFileSync(path, told);
  expect(existsSync(path)).toBe(!isPlain);
  if (!isPlain) expect(told).toBe(readFileSync(path, 'utf8'));
}

function withoutTitle(text: string): string {
  return text.slice(text.indexOf('\n'));
}

const DIRECTIONS: readonly { readonly file: string; readonly text: (given: Case) => string }[] = [
  { file: 'requests.txt', text: requestsText },
  { file: 'replies.txt', text: repliesText },
  { file: 'streams.txt', text: streamsText },
];

describe('golden crossings', () => {
  test('no golden file is written where nobody would read it', () => {
    expect(isWriting && process.env['CI'] !== undefined).toBe(false);
  });

  test('there are enough cases, and none is empty', () => {
    expect(CASES.length).toBeGreaterThanOrEqual(40);
  });

  for (const given of CASES) {
    for (const { file, text } of DIRECTIONS) {
      test(`${given.name}: ${file}`, () => hold(given, file, text));
    }
  }
});
