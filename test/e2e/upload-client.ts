/* What the tests of uploads send: forms made by fetch, and forms made by hand. */
import type { GatewayProcess } from '../harness/gateway.ts';

export const KEYS = {
  ann: 'sk-upload-ann-0001',
  bob: 'sk-upload-bob-0001',
  team: 'sk-upload-team-001',
  stranger: 'sk-upload-other-01',
} as const;
export type Who = keyof typeof KEYS;

/** Two users of a tenant, the tenant's own key, and the same user's name in another tenant. */
export const AUTH = {
  keys: [
    { name: 'ann', key: KEYS.ann, tenant: 'one', user: 'ann', tier: 'unlimited' },
    { name: 'bob', key: KEYS.bob, tenant: 'one', user: 'bob', tier: 'unlimited' },
    { name: 'team', key: KEYS.team, tenant: 'one', tier: 'unlimited' },
    { name: 'stranger', key: KEYS.stranger, tenant: 'two', user: 'ann', tier: 'unlimited' },
  ],
};
export const LIMITS = { tiers: { unlimited: {} } };

export interface Answer {
  readonly status: number;
  /** Of all shapes. */
  readonly body: ReturnType<typeof JSON.parse>;
}

export interface UploadOptions {
  readonly who?: Who;
  readonly name?: string;
  readonly type?: string;
  readonly fields?: Readonly<Record<string, string>>;
}

export async function upload(gateway: GatewayProcess, content: string | Uint8Array, options: UploadOptions = {}): Promise<Answer> {
  const form = new FormData();
  for (const [name, value] of Object.entries(options.fields ?? {})) form.set(name, value);
  form.set('file', new Blob([content], { type: options.type ?? 'application/octet-stream' }), options.name ?? 'notes.txt');
  return call(gateway, '/v1/upload', { who: options.who ?? 'ann', method: 'POST', body: form });
}

interface CallOptions {
  readonly who?: Who;
  readonly method?: string;
  readonly body?: FormData | string;
  readonly headers?: Readonly<Record<string, string>>;
}

export async function call(gateway: GatewayProcess, path: string, options: CallOptions = {}): Promise<Answer> {
  const { who = 'ann', method = 'GET', body, headers } = options;
  const reply = await gateway.request(path, {
    method,
    headers: { authorization: `Bearer ${KEYS[who]}`, ...headers },
    ...(body === undefined ? {} : { body }),
  });
  return { status: reply.status, body: await reply.json() };
}

export const BOUNDARY = 'xXbOuNdArYXx';

/** One part of a form, written by hand. */
export function part(disposition: string, content: string | Uint8Array, headers = ''): Buffer {
  return Buffer.concat([
    Buffer.from(`--${BOUNDARY}\r\nContent-Disposition: form-data; ${disposition}\r\n${headers}\r\n`),
    Buffer.from(content as Uint8Array),
    Buffer.from('\r\n'),
  ]);
}

export const END = Buffer.from(`--${BOUNDARY}--\r\n`);

interface RawUploadOptions {
  readonly contentType?: string | null;
  /** Default: that of the body. */
  readonly length?: number | 'chunked';
  readonly headers?: string;
}

/** The head of an upload written by hand, for rawExchange. */
export function rawHead(bodyLength: number, options: RawUploadOptions = {}): string {
  const { contentType = `multipart/form-data; boundary=${BOUNDARY}`, length = bodyLength, headers = '' } = options;
  const type = contentType === null ? '' : `Content-Type: ${contentType}\r\n`;
  const framing = length === 'chunked' ? 'Transfer-Encoding: chunked' : `Content-Length: ${length}`;
  return `POST /v1/upload HTTP/1.1\r\nHost: x\r\nx-api-key: ${KEYS.ann}\r\n${type}${headers}${framing}\r\n\r\n`;
}
