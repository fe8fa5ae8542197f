import { expect, test } from 'bun:test';
import { createManualClock } from '../../base/manual-clock.ts';
import { createHostCheck } from './host-check.ts';

const PUBLIC = { kind: 'public-name' } as const;

/** A resolver that gives these answers in turn, and then the last one. */
function rig(answers: readonly (readonly string[] | Error)[]) {
  const clock = createManualClock();
  let asked = 0;
  const resolve = (): Promise<readonly string[]> => {
    const answer = answers[Math.min(asked, answers.length - 1)] ?? [];
    asked += 1;
    return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
  };
  const check = createHostCheck('api.example.com', PUBLIC, { resolve, clock });
  return { check, clock, asked: () => asked };
}

/** Lets what is already resolved run on. */
const settle = () => new Promise<void>((resolve) => setImmediate(resolve));

test('many who ask at once share one look-up, and later ones wait for none', async () => {
  const { check, asked } = rig([['1.1.1.1']]);
  await Promise.all([check.addresses(), check.addresses(), check.addresses()]);
  expect([asked(), check.addresses()]).toEqual([1, ['1.1.1.1']]);
});

test('an answer is renewed in the background, and waited for after a long pause', async () => {
  const { check, clock, asked } = rig([['1.1.1.1'], ['2.2.2.2'], ['3.3.3.3']]);
  await check.addresses();
  clock.advance(30_000);
  expect(check.addresses()).toEqual(['1.1.1.1']);
  await settle();
  expect([check.addresses(), asked()]).toEqual([['2.2.2.2'], 2]);
  clock.advance(300_000);
  expect(await check.addresses()).toEqual(['3.3.3.3']);
});

test('an address in use stays first while it is in the answer', async () => {
  const { check, clock } = rig([
    ['1.1.1.1', '2.2.2.2'],
    ['2.2.2.2', '1.1.1.1'],
  ]);
  await check.addresses();
  clock.advance(30_000);
  await check.addresses();
  await settle();
  expect(check.addresses()).toEqual(['1.1.1.1', '2.2.2.2']);
});

test('an address that did not answer goes to the end, and the resolver is asked again', async () => {
  const { check, asked } = rig([['1.1.1.1', '2.2.2.2'], ['2.2.2.2']]);
  await check.addresses();
  check.failed('1.1.1.1');
  expect(check.addresses()).toEqual(['2.2.2.2', '1.1.1.1']);
  await settle();
  expect([check.addresses(), asked()]).toEqual([['2.2.2.2'], 2]);
});

test('a name that begins to lead inside is refused from the next request on', async () => {
  const { check, clock } = rig([['1.1.1.1'], ['1.1.1.1', '10.0.0.1']]);
  await check.addresses();
  clock.advance(30_000);
  await check.addresses();
  await settle();
  const refused = await Promise.resolve(check.addresses()).catch((thrown: unknown) => thrown);
  expect(refused).toMatchObject({ code: 'upstream_address_forbidden' });
});

test('a resolver in trouble does not stop what works, and is an unreachable upstream otherwise', async () => {
  const { check, clock } = rig([['1.1.1.1'], new Error('SERVFAIL')]);
  await check.addresses();
  clock.advance(60_000);
  expect(check.addresses()).toEqual(['1.1.1.1']);
  await settle();
  expect(check.addresses()).toEqual(['1.1.1.1']);
  await settle();
  const broken = rig([new Error('SERVFAIL')]);
  const error = await Promise.resolve(broken.check.addresses()).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: 'upstream_unreachable', fault: 'dns' });
});
