/* AWS Signature Version 4. Source: docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html; the arithmetic is aws4fetch's. */

import { AwsV4Signer } from 'aws4fetch';
import { GatewayError } from '../../base/errors.ts';
import { headerRecord } from './header-record.ts';
import type { SignedProvider, Signer, SignerDeps } from './signer.ts';

/** The service that signatures are for. */
const SERVICE = 'bedrock';

export function createAwsSigner({ name, config }: SignedProvider, { clock }: SignerDeps): Signer {
  const { access_key_id: accessKeyId, secret_access_key: secretAccessKey, session_token: sessionToken } = config.aws ?? {};
  const { region } = config;
  // Derived keys, which hold for a day.
  const cache = new Map<string, ArrayBuffer>();
  return {
    async sign(request) {
      if (accessKeyId === undefined || secretAccessKey === undefined || region === undefined)
        throw new GatewayError('upstream_credentials', `The provider '${name}' needs a region and a key of AWS to sign with.`);
      const { url, method, body } = request;
      const headers = headerRecord(request.headers);
      const signed = await new AwsV4Signer({
        url,
        method,
        headers: { 'content-type': headers['content-type'] ?? 'application/json' },
        // The signature covers the body's digest, so it must be whole; model calls always are.
        body: body instanceof ReadableStream || body === null ? null : Buffer.from(body.buffer, body.byteOffset, body.byteLength),
        accessKeyId,
        secretAccessKey,
        ...(sessionToken === undefined ? {} : { sessionToken }),
        service: SERVICE,
        region,
        cache,
        datetime: new Date(clock.now()).toISOString().replace(/[:-]|\.\d{3}/g, ''),
      }).sign();
      for (const [header, value] of signed.headers) if (header !== 'host') headers[header] = value;
      if (cache.size > CACHED_KEYS_MAX) cache.clear();
      return { ...request, url: signed.url.toString(), headers };
    },
  };
}

const CACHED_KEYS_MAX = 100;
