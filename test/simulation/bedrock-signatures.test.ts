/* Requests to the simulated Bedrock Runtime, signed here by hand after AWS's specification, to be wrong in one thing at a time. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { createHash, createHmac } from 'node:crypto';
import { type SimulatorProcess, startSimulator } from '../harness/simulator.ts';

const ID = 'AKIASIMULATOR0000000';
const SECRET = 'simulator/not-a-secret/not-a-secret/0000';
const BEARER = { authorization: 'Bearer any', 'content-type': 'application/json' };

let simulator: SimulatorProcess;
beforeAll(async () => {
  simulator = await startSimulator();
});
afterAll(() => simulator?.[Symbol.asyncDispose]());

const hello = { messages: [{ role: 'user', content: [{ text: 'Hello' }] }] };
const converse = (body: string, headers: Record<string, string> = BEARER) =>
  fetch(`${simulator.url}/model/sim-1/converse`, { method: 'POST', headers, body });

/** Exception and message of a failure. */
async function failure(reply: Response): Promise<[number, string, string]> {
  const { message } = (await reply.json()) as { message: string };
  return [reply.status, reply.headers.get('x-amzn-errortype')?.split(':')[0] ?? '', message];
}

describe('a signature', () => {
  interface Signing {
    readonly id?: string;
    readonly secret?: string;
    readonly atMs?: number;
    readonly service?: string;
    readonly day?: string;
    readonly claimed?: string;
    readonly path?: string;
  }
  const BODY = JSON.stringify(hello);
  const sha = (text: string) => createHash('sha256').update(text).digest('hex');

  /** Headers of a request to /model/sim-1/converse, signed after AWS's specification. */
  function signed({
    id = ID,
    secret = SECRET,
    atMs = Date.now(),
    service = 'bedrock',
    day,
    claimed,
    path = '/model/sim-1/converse',
  }: Signing) {
    const date = new Date(atMs).toISOString().replaceAll(/[-:]|\.\d+/g, '');
    const scope = [day ?? date.slice(0, 8), 'eu-west-1', service, 'aws4_request'];
    const headers: Record<string, string> = { 'content-type': 'application/json', host: new URL(simulator.url).host, 'x-amz-date': date };
    if (claimed !== undefined) headers['x-amz-content-sha256'] = claimed;
    const names = Object.keys(headers).toSorted();
    const canonical = ['POST', path, '', ...names.map((name) => `${name}:${headers[name]}`), '', names.join(';'), sha(BODY)].join('\n');
    const toSign = ['AWS4-HMAC-SHA256', date, scope.join('/'), sha(canonical)].join('\n');
    let key: string | Buffer = `AWS4${secret}`;
    for (const part of scope) key = createHmac('sha256', key).update(part).digest();
    const signature = createHmac('sha256', key).update(toSign).digest('hex');
    return {
      ...headers,
      authorization: `AWS4-HMAC-SHA256 Credential=${id}/${scope.join('/')}, SignedHeaders=${names.join(';')}, Signature=${signature}`,
    };
  }

  test('that holds is taken, in any region, and so is an API key', async () => {
    expect((await converse(BODY, signed({}))).status).toBe(200);
    expect((await converse(BODY, signed({ claimed: sha(BODY) }))).status).toBe(200);
    expect((await converse(BODY)).status).toBe(200);
  });

  const HOUR = 3_600_000;
  const rows: [name: string, headers: () => Record<string, string>, code: string, message: RegExp][] = [
    ['that is missing', () => ({}), 'MissingAuthenticationTokenException', /^Missing Authentication Token$/],
    [
      'of an unknown key',
      () => signed({ id: 'AKIASOMEBODYELSE0000' }),
      'UnrecognizedClientException',
      /security token included in the request is invalid/,
    ],
    [
      'with another secret',
      () => signed({ secret: 'other' }),
      'InvalidSignatureException',
      /does not match the signature you provided[^]*The Canonical String for this request should have been\n'POST\n\/model\/sim-1\/converse\n/,
    ],
    ['of another path', () => signed({ path: '/model/sim-2/converse' }), 'InvalidSignatureException', /does not match/],
    ['of another service', () => signed({ service: 's3' }), 'InvalidSignatureException', /scoped to correct service: 'bedrock'/],
    [
      'of an hour ago',
      () => signed({ atMs: Date.now() - HOUR }),
      'InvalidSignatureException',
      /^Signature expired: \d{8}T\d{6}Z is now earlier than \d{8}T\d{6}Z \(\d{8}T\d{6}Z - 5 min\.\)$/,
    ],
    ['of an hour ahead', () => signed({ atMs: Date.now() + HOUR }), 'InvalidSignatureException', /^Signature not yet current: /],
    [
      'of another day in its scope',
      () => signed({ day: '20200101' }),
      'InvalidSignatureException',
      /Date in Credential scope does not match/,
    ],
    [
      'of another body, by its own word',
      () => signed({ claimed: sha('other') }),
      'InvalidSignatureException',
      /'x-amz-content-sha256' header does not match what was computed/,
    ],
    [
      'without a date',
      () => ({ ...signed({}), 'x-amz-date': '' }),
      'IncompleteSignatureException',
      /requires existence of either a 'X-Amz-Date'/,
    ],
    [
      'with a date of its own form',
      () => ({ ...signed({}), 'x-amz-date': 'today' }),
      'IncompleteSignatureException',
      /ISO-8601 'basic format'/,
    ],
    [
      'that is half there',
      () => ({ authorization: `AWS4-HMAC-SHA256 Credential=${ID}/20200101/us-east-1/bedrock/aws4_request` }),
      'IncompleteSignatureException',
      /requires 'Signature' parameter/,
    ],
    ['of another algorithm', () => ({ authorization: 'Basic YTpi' }), 'IncompleteSignatureException', /Unsupported AWS 'algorithm'/],
  ];
  for (const [name, headers, code, message] of rows) {
    test(`${name} is refused`, async () => {
      expect(await failure(await converse(BODY, headers()))).toEqual([403, code, expect.stringMatching(message)]);
    });
  }

  test('of a body that was changed on the way is refused', async () => {
    expect(await failure(await converse(`${BODY} `, signed({})))).toEqual([
      403,
      'InvalidSignatureException',
      expect.stringContaining('does not match'),
    ]);
  });
});
