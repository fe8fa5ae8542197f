import { expect, test } from 'bun:test';
import { createHash, createHmac } from 'node:crypto';
import { rejection } from '../../../test/harness/rejection.ts';
import { createManualClock } from '../../base/manual-clock.ts';
import { createAwsSigner } from './aws-signer.ts';
import type { SignedProvider } from './signer.ts';

const NOW = Date.UTC(2026, 0, 2, 3, 4, 5);
const KEY = { access_key_id: 'AKIDEXAMPLE', secret_access_key: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY' };
const request = {
  url: 'https://bedrock-runtime.eu-central-1.amazonaws.com/model/vendor.model-v1%3A0/converse',
  method: 'POST',
  headers: { 'content-type': 'application/json', accept: 'application/json' },
  body: Buffer.from('{"messages":[]}'),
};

function signer(config: object) {
  return createAwsSigner({ name: 'aws', config, definition: {} } as unknown as SignedProvider, {
    clock: createManualClock(NOW),
    fetchText: () => Promise.reject(new Error('nothing is fetched')),
  });
}

const sha256 = (data: string | Uint8Array) => createHash('sha256').update(data).digest('hex');
const hmac = (key: string | Buffer, data: string) => createHmac('sha256', key).update(data).digest();

/** The signature by the vendor's description, step by step. */
function expected(signedHeaders: readonly string[], headers: Readonly<Record<string, string>>): string {
  const scope = '20260102/eu-central-1/bedrock/aws4_request';
  const canonical = [
    'POST',
    '/model/vendor.model-v1%253A0/converse',
    '',
    ...signedHeaders.map((name) => `${name}:${headers[name] ?? ''}`),
    '',
    signedHeaders.join(';'),
    sha256(request.body),
  ].join('\n');
  const toSign = ['AWS4-HMAC-SHA256', '20260102T030405Z', scope, sha256(canonical)].join('\n');
  const key = ['20260102', 'eu-central-1', 'bedrock', 'aws4_request'].reduce<string | Buffer>(
    (derived, part) => hmac(derived, part),
    `AWS4${KEY.secret_access_key}`,
  );
  return hmac(key, toSign).toString('hex');
}

test('a request is signed as AWS describes it, and keeps its body and its headers', async () => {
  const signed = await signer({ region: 'eu-central-1', aws: { ...KEY, session_token: 'session' } }).sign(request);
  const headers = signed.headers as Record<string, string>;
  expect(signed).toMatchObject({ url: request.url, method: 'POST', body: request.body });
  expect(headers).toMatchObject({ ...request.headers, 'x-amz-date': '20260102T030405Z', 'x-amz-security-token': 'session' });
  const [, names = '', signature = ''] = /SignedHeaders=([^,]+), Signature=(\w+)/.exec(headers['authorization'] ?? '') ?? [];
  expect(names).toContain('host');
  const known = { ...headers, host: 'bedrock-runtime.eu-central-1.amazonaws.com' };
  expect(signature).toBe(expected(names.split(';'), known));
});

test('without a key or a region the credential is at fault, and nothing is sent', async () => {
  for (const config of [{ region: 'eu-central-1' }, { aws: KEY }])
    expect(await rejection(signer(config).sign(request))).toMatchObject({ code: 'upstream_credentials' });
});
