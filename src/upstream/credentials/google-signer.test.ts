import { expect, test } from 'bun:test';
import { generateKeyPairSync } from 'node:crypto';
import { importSPKI, jwtVerify } from 'jose';
import { rejection } from '../../../test/harness/rejection.ts';
import { createManualClock } from '../../base/manual-clock.ts';
import { createGoogleSigner } from './google-signer.ts';
import type { SignedProvider, SignerDeps } from './signer.ts';

const NOW = Date.UTC(2026, 0, 2, 3, 4, 5);
const keys = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
});
const TOKEN_URL = 'https://tokens.example.com/token';
const ACCOUNT = {
  type: 'service_account',
  client_email: 'gate@p.iam',
  private_key: keys.privateKey,
  private_key_id: 'k1',
  token_uri: TOKEN_URL,
};
const USER = { type: 'authorized_user', client_id: 'id', client_secret: 'secret', refresh_token: 'refresh', token_uri: TOKEN_URL };
const request = { url: 'https://x/v1', method: 'POST', headers: { accept: 'a' }, body: null };

type Form = Readonly<Record<string, string>>;

/** A signer, and a token service that sells `token-1`, `token-2` and so on, each for an hour, while `answers` is undefined. */
function rig(credentials: object | string) {
  const clock = createManualClock(NOW);
  const sold: { url: string; form: Form }[] = [];
  const shop: { answers: (() => Promise<string>) | undefined } = { answers: undefined };
  const fetchText: SignerDeps['fetchText'] = async (url, _signal, form = {}) => {
    sold.push({ url, form });
    return shop.answers?.() ?? JSON.stringify({ access_token: `token-${sold.length}`, expires_in: 3_600, token_type: 'Bearer' });
  };
  const google = { credentials: typeof credentials === 'string' ? credentials : JSON.stringify(credentials) };
  const signer = createGoogleSigner({ name: 'vertex', config: { google }, definition: {} } as unknown as SignedProvider, {
    clock,
    fetchText,
  });
  const token = async () => ((await signer.sign(request)).headers as Record<string, string>)['authorization'];
  return { clock, sold, shop, signer, token };
}

test('an assertion that the account has signed buys a token, and many requests share it', async () => {
  const { token, sold, signer } = rig(ACCOUNT);
  expect(await Promise.all([token(), token(), token()])).toEqual(['Bearer token-1', 'Bearer token-1', 'Bearer token-1']);
  expect(await signer.sign(request)).toMatchObject({ ...request, headers: { accept: 'a', authorization: 'Bearer token-1' } });
  expect(sold).toHaveLength(1);
  expect(sold[0]).toMatchObject({ url: TOKEN_URL, form: { grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer' } });
  const { payload, protectedHeader } = await jwtVerify(sold[0]?.form['assertion'] ?? '', await importSPKI(keys.publicKey, 'RS256'), {
    currentDate: new Date(NOW),
    audience: TOKEN_URL,
    issuer: 'gate@p.iam',
  });
  expect(protectedHeader).toMatchObject({ alg: 'RS256', kid: 'k1' });
  expect(payload).toMatchObject({ scope: 'https://www.googleapis.com/auth/cloud-platform', exp: NOW / 1_000 + 3_600 });
});

test('a user gives the refresh token', async () => {
  const { token, sold } = rig(USER);
  expect(await token()).toBe('Bearer token-1');
  expect(sold[0]?.form).toEqual({ grant_type: 'refresh_token', client_id: 'id', client_secret: 'secret', refresh_token: 'refresh' });
});

test('a token that will soon end is still used while the next is bought, and one that has ended is not', async () => {
  const { token, clock, sold } = rig(USER);
  await token();
  clock.advance(3_600_000 - 200_000);
  expect(await token()).toBe('Bearer token-1');
  await Bun.sleep(0);
  expect(await token()).toBe('Bearer token-2');
  clock.advance(3_600_000);
  expect(await token()).toBe('Bearer token-3');
  expect(sold).toHaveLength(3);
});

test('a purchase that fails is the fault of the credential, is tried again, and hurts nobody while a token holds', async () => {
  const { token, clock, shop, sold } = rig(USER);
  await token();
  shop.answers = () => Promise.reject(new Error('down'));
  clock.advance(3_600_000 - 200_000);
  expect(await token()).toBe('Bearer token-1');
  expect(await token()).toBe('Bearer token-1');
  expect(sold).toHaveLength(2);
  clock.advance(200_000);
  expect(await rejection(token())).toMatchObject({ code: 'upstream_credentials' });
  shop.answers = () => Promise.resolve('{"access_token":""}');
  expect(await rejection(token())).toMatchObject({ code: 'upstream_credentials' });
  shop.answers = undefined;
  expect(await token()).toStartWith('Bearer token-');
});

for (const [name, credentials] of [
  ['no JSON', 'x'],
  ['another type', { type: 'external_account' }],
  ['no key', { ...ACCOUNT, private_key: 'x' }],
] as const) {
  test(`credentials with ${name} are told as such, and never shown`, async () => {
    const { token } = rig(credentials);
    const error = await rejection(token());
    expect(error).toMatchObject({ code: 'upstream_credentials' });
    expect(String(error)).not.toContain('refresh');
  });
}
