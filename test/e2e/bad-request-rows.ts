/*
 * A hundred bad requests as rows: what is sent, and what must come of it. `{id}` in what is sent becomes the row's correlation id.
 *
 * Who answers, and how:
 *   openai    the route is a model route: OpenAI's envelope
 *   service   any other route, or none was found: the gateway's own envelope
 *   parser    Bun's HTTP parser, with a bare status, before the gateway sees anything: no log line
 *   closed    Bun's parser closes the connection without a word: no log line
 *   cut       the parser broke off inside the body of a request that the gateway had begun: a bare status, and a line that says 499
 */

import type { RawPart } from '../harness/raw-http.ts';
import { jwt } from './token.ts';

export interface BadRequest {
  readonly name: string;
  readonly send: readonly RawPart[];
  /** 0: none comes. */
  readonly status: number;
  readonly by: 'openai' | 'service' | 'parser' | 'closed' | 'cut';
  /** `error.code`. */
  readonly code?: string;
  /** `error.param`. */
  readonly param?: string;
  /** The client ends its side after the last byte. */
  readonly halfClose?: true;
}

export const KEYS = { standard: 'sk-standard-0000000000', narrow: 'sk-narrow-000000000000', admin: 'sk-admin-0000000000000' } as const;
export const SECRET = 'a secret of more than sixteen characters';
/** Limits of the gateway under test, small enough to go over. */
export const BODY_BYTES_MAX = 65_536;
export const SERVICE_BODY_BYTES_MAX = 131_072;
export const BODY_TIMEOUT_MS = 1_000;

const AUTH = `Authorization: Bearer ${KEYS.standard}\r\n`;
const JSON_TYPE = 'Content-Type: application/json\r\n';
const HEAD = 'Host: gateway\r\nX-Correlation-ID: {id}\r\n';
const CHAT = '/v1/chat/completions';
const MESSAGES = '"messages":[{"role":"user","content":"Hi"}]';
const GOOD = `{"model":"sim-1",${MESSAGES}}`;

const bare = (requestLine: string, headers = HEAD + AUTH, body = '') => `${requestLine} HTTP/1.1\r\n${headers}\r\n${body}`;
const get = (target: string, headers = '') => [bare(`GET ${target}`, HEAD + AUTH + headers)];
const post = (target: string, headers: string, body: string) => [bare(`POST ${target}`, HEAD + headers, body)];
const length = (body: string | Uint8Array) => `Content-Length: ${typeof body === 'string' ? Buffer.byteLength(body) : body.byteLength}\r\n`;

/** A body sent to a model route in good order. */
const json = (body: string, target = CHAT) => post(target, AUTH + JSON_TYPE + length(body), body);
const bytes = (body: Uint8Array): RawPart[] => [bare(`POST ${CHAT}`, HEAD + AUTH + JSON_TYPE + length(body)), body];
const chunked = (body: string, target = CHAT) => post(target, `${AUTH}${JSON_TYPE}Transfer-Encoding: chunked\r\n`, body);
/** A good body with other headers. */
const chat = (headers: string) => post(CHAT, JSON_TYPE + headers + length(GOOD), GOOD);
const bearer = (credential: string) => chat(`Authorization: Bearer ${credential}\r\n`);
const many = (count: number) => Array.from({ length: count }, (_, index) => `x-${index}: 1\r\n`).join('');

const service = (name: string, send: readonly RawPart[], status: number, code: string): BadRequest => ({
  name,
  send,
  status,
  code,
  by: 'service',
});
const openai = (name: string, send: readonly RawPart[], status: number, code: string): BadRequest => ({
  name,
  send,
  status,
  code,
  by: 'openai',
});
const parser = (name: string, send: readonly RawPart[], status: number): BadRequest => ({ name, send, status, by: 'parser' });
const invalidJson = (name: string, body: string) => openai(name, json(body), 400, 'json_invalid');
const invalidField = (name: string, param: string, body: string, target = CHAT): BadRequest => ({
  ...openai(name, json(body, target), 400, 'request_invalid'),
  param,
});
const withField = (field: string) => `{"model":"sim-1",${MESSAGES},${field}}`;

const TARGETS: readonly BadRequest[] = [
  service('a path that is not there', get('/nothing'), 404, 'route_unknown'),
  service('a path below /v1 that is not there', json(GOOD, '/v1/nothing'), 404, 'route_unknown'),
  service('a fragment', get('/v1/models#x'), 400, 'request_target_invalid'),
  service('two slashes at the start', get('//v1/models'), 400, 'request_target_invalid'),
  service('a broken escape', get('/v1/models/%zz'), 400, 'request_target_invalid'),
  service('an encoded NUL', get('/v1/models/%00'), 400, 'request_target_invalid'),
  service('an encoded line feed', get('/v1/models/a%0d%0aX:%20y'), 400, 'request_target_invalid'),
  service('bytes that are no UTF-8, encoded', get('/v1/models/%ff'), 400, 'request_target_invalid'),
  service('a dot segment behind an encoded slash', get('/echo/..%2fadmin/config'), 400, 'request_target_invalid'),
  service('a route spelt with an encoded slash', json(GOOD, '/v1%2fchat/completions'), 400, 'request_target_invalid'),
  service('dot segments into an admin route, judged as that route', get('/echo/../admin/config'), 403, 'access_denied'),
  parser('no slash', get('v1/models'), 400),
  parser('an asterisk', get('*'), 400),
  parser('a control character', get('/v1/mod\u0001els'), 505),
  parser('a target of 20 KB', get(`/${'a'.repeat(20_000)}`), 431),
];

const METHODS: readonly BadRequest[] = [
  service('GET where only POST is served', get(CHAT), 405, 'method_not_allowed'),
  service('DELETE of the models', [bare('DELETE /v1/models')], 405, 'method_not_allowed'),
  service('POST to health', json('{}', '/health'), 405, 'method_not_allowed'),
  service('GET of the reload', get('/admin/reload'), 405, 'method_not_allowed'),
  service('GET of the reset of a breaker', get('/circuit-breakers/none/reset'), 405, 'method_not_allowed'),
  service('TRACE', [bare(`TRACE ${CHAT}`)], 405, 'method_not_allowed'),
  service('CONNECT', [bare('CONNECT gateway:80')], 405, 'method_not_allowed'),
  { name: 'a method in lower case', send: [bare(`post ${CHAT}`)], status: 0, by: 'closed' },
  { name: 'a method that does not exist', send: [bare(`BREW ${CHAT}`)], status: 0, by: 'closed' },
];

const HEADS: readonly BadRequest[] = [
  parser('no Host', [bare('GET /health', 'X-Correlation-ID: {id}\r\n')], 400),
  service('two Hosts', [bare('GET /health', `${HEAD}Host: other\r\n`)], 400, 'host_invalid'),
  service('a user in Host', [bare('GET /health', 'Host: a@b\r\nX-Correlation-ID: {id}\r\n')], 400, 'host_invalid'),
  service('Authorization twice', chat(AUTH + AUTH), 400, 'header_invalid'),
  service('x-api-key twice', chat('x-api-key: a\r\nx-api-key: b\r\n'), 400, 'header_invalid'),
  service('Content-Type twice', post(CHAT, AUTH + JSON_TYPE + JSON_TYPE + length(GOOD), GOOD), 400, 'header_invalid'),
  service('a header that looks like a key', chat(`x_api_key: ${KEYS.standard}\r\n`), 400, 'header_invalid'),
  service('a header that looks like framing', chat(`${AUTH}transfer_encoding: chunked\r\n`), 400, 'header_invalid'),
  service('an unknown expectation', chat(`${AUTH}Expect: magic\r\n`), 417, 'expectation_unsupported'),
  service('more headers than allowed', chat(AUTH + many(120)), 431, 'head_too_large'),
  service('a WebSocket', get('/echo/socket', 'Connection: Upgrade\r\nUpgrade: websocket\r\n'), 426, 'upgrade_unsupported'),
  service(
    'a preflight of a page that may not call',
    [bare(`OPTIONS ${CHAT}`, `${HEAD}Origin: https://evil.example\r\nAccess-Control-Request-Method: POST\r\n`)],
    403,
    'origin_forbidden',
  ),
  parser('more headers than the parser takes', chat(AUTH + many(250)), 431),
  parser('a header of 20 KB', get('/health', `x: ${'a'.repeat(20_000)}\r\n`), 431),
  parser('a folded header', get('/health', 'x: a\r\n b\r\n'), 400),
  parser('a space before the colon', get('/health', 'x : a\r\n'), 400),
  parser('a NUL in a header', get('/health', 'x: a\0b\r\n'), 400),
  parser('HTTP/1.2', [`GET /health HTTP/1.2\r\n${HEAD}\r\n`], 505),
  parser('a TLS greeting', [new Uint8Array([0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 13, 10, 13, 10])], 400),
];

const FRAMING: readonly BadRequest[] = [
  parser('both Content-Length and Transfer-Encoding', chat(`${AUTH}Transfer-Encoding: chunked\r\n`), 400),
  parser('gzip, chunked', post(CHAT, `${AUTH}Transfer-Encoding: gzip, chunked\r\n`, '0\r\n\r\n'), 400),
  parser('two lengths that differ', chat(`${AUTH}Content-Length: 1\r\n`), 400),
  parser('a negative length', post(CHAT, `${AUTH}Content-Length: -1\r\n`, ''), 400),
  service('the same length twice', chat(AUTH + length(GOOD)), 400, 'header_invalid'),
  service('GET with a body', [bare('GET /v1/models', `${HEAD + AUTH}Content-Length: 1\r\n`, 'x')], 400, 'header_invalid'),
  { name: 'a chunk size that is no number', send: chunked('zz\r\nabc\r\n0\r\n\r\n'), status: 400, by: 'cut' },
  { name: 'chunks with bare line feeds', send: chunked('3\nabc\n0\n\n'), status: 400, by: 'cut' },
];

const CREDENTIALS: readonly BadRequest[] = [
  openai('no key', chat(''), 401, 'invalid_api_key'),
  openai('a key that nobody has', bearer('sk-unknown-0000000000'), 401, 'invalid_api_key'),
  openai('a key cut short', bearer(KEYS.standard.slice(0, -1)), 401, 'invalid_api_key'),
  openai('an empty Bearer', chat('Authorization: Bearer \r\n'), 401, 'invalid_api_key'),
  openai('another scheme', chat('Authorization: Basic dTpw\r\n'), 401, 'invalid_api_key'),
  openai('a key of 9 KB', bearer('k'.repeat(9_000)), 401, 'invalid_api_key'),
  openai('two different keys', chat(`${AUTH}x-api-key: ${KEYS.admin}\r\n`), 400, 'header_invalid'),
  openai('a key in the query', post(`${CHAT}?key=${KEYS.standard}`, JSON_TYPE + length(GOOD), GOOD), 401, 'invalid_api_key'),
  openai('a token that has expired', bearer(jwt({ sub: 'ada', exp: 1_600_000_000 }, SECRET)), 401, 'invalid_api_key'),
  openai('a token that is not valid yet', bearer(jwt({ sub: 'ada', nbf: 4_000_000_000 }, SECRET)), 401, 'invalid_api_key'),
  openai('a token with another secret', bearer(jwt({ sub: 'ada' }, 'another secret of sixteen or more')), 401, 'invalid_api_key'),
  openai('a token without a signature', bearer(jwt({ sub: 'ada' }, undefined)), 401, 'invalid_api_key'),
  openai('a token that is none', bearer('aaaa.bbbb.cccc'), 401, 'invalid_api_key'),
  {
    ...openai('a model that the key may not use', bearer(KEYS.narrow), 403, 'model_forbidden'),
    param: 'model',
  },
  openai('no key, for the models', [bare('GET /v1/models', HEAD)], 401, 'invalid_api_key'),
  service('no key, for a service', [bare('GET /echo/x', HEAD)], 401, 'key_missing'),
  service('a wrong key, for a service', [bare('GET /echo/x', `${HEAD}api-key: sk-unknown-0000000000\r\n`)], 401, 'key_invalid'),
  service('no key, for an admin route', [bare('GET /admin/config', HEAD)], 401, 'key_missing'),
  service('an ordinary key, for an admin route', [bare('POST /admin/reload', `${HEAD + AUTH}Content-Length: 0\r\n`)], 403, 'access_denied'),
];

const JSON_ROWS: readonly BadRequest[] = [
  openai('no body', post(CHAT, `${AUTH}${JSON_TYPE}Content-Length: 0\r\n`, ''), 400, 'json_invalid'),
  invalidJson('no JSON', 'hello'),
  invalidJson('JSON cut short', GOOD.slice(0, -1)),
  invalidJson('a comma too many', `{"model":"sim-1",${MESSAGES},}`),
  invalidJson('single quotes', "{'model':'sim-1'}"),
  invalidJson('NaN', withField('"temperature":NaN')),
  invalidJson('a number that begins with 0', withField('"temperature":01')),
  invalidJson('something behind the end', `${GOOD} {}`),
  invalidJson('a comment', `/* hi */ ${GOOD}`),
  invalidJson('a line feed inside a string', '{"model":"sim\n-1"}'),
  invalidJson('a byte order mark', `\uFEFF${GOOD}`),
  invalidJson('the same member twice', `{"model":"sim-1","model":"sim-2",${MESSAGES}}`),
  invalidJson('brackets ten thousand deep', withField(`"x":${'['.repeat(10_000)}${']'.repeat(10_000)}`)),
  openai(
    'bytes that are no UTF-8',
    bytes(Buffer.concat([Buffer.from('{"model":"'), Uint8Array.of(0xff), Buffer.from('"}')])),
    400,
    'json_invalid',
  ),
  openai('an array', json(`[${GOOD}]`), 400, 'request_invalid'),
  openai('a string', json('"hello"'), 400, 'request_invalid'),
  openai('null', json('null'), 400, 'request_invalid'),
];

const FIELDS: readonly BadRequest[] = [
  invalidField('no model', 'model', `{${MESSAGES}}`),
  invalidField('a model that is a number', 'model', `{"model":1,${MESSAGES}}`),
  invalidField('an empty model', 'model', `{"model":"",${MESSAGES}}`),
  invalidField('a model of 300 characters', 'model', `{"model":"${'m'.repeat(300)}",${MESSAGES}}`),
  invalidField('a model with a line feed', 'model', `{"model":"a\\nb",${MESSAGES}}`),
  invalidField('no messages', 'messages', '{"model":"sim-1"}'),
  invalidField('messages that are a text', 'messages', '{"model":"sim-1","messages":"Hi"}'),
  invalidField('no message among the messages', 'messages', '{"model":"sim-1","messages":[]}'),
  invalidField('a message that is a number', 'messages[0]', '{"model":"sim-1","messages":[1]}'),
  invalidField('stream as a text', 'stream', withField('"stream":"yes"')),
  invalidField('a temperature in words', 'temperature', withField('"temperature":"hot"')),
  invalidField('stream options as an array', 'stream_options', withField('"stream":true,"stream_options":[]')),
  invalidField('tools as an object', 'tools', withField('"tools":{}')),
  invalidField('a completion without a prompt', 'prompt', '{"model":"sim-1"}', '/v1/completions'),
  invalidField('embeddings of nothing', 'input', '{"model":"sim-1","input":[]}', '/v1/embeddings'),
  invalidField('embeddings without input', 'input', '{"model":"sim-1"}', '/v1/embeddings'),
  { ...openai('a model that is not there', json(`{"model":"none",${MESSAGES}}`), 404, 'model_not_found'), param: 'model' },
  { ...openai('a model to look at that is not there', get('/v1/models/none'), 404, 'model_not_found'), param: 'model' },
];

const over = (bytesMax: number) => 'x'.repeat(bytesMax + 1);
const chunk = (text: string) => `${text.length.toString(16)}\r\n${text}\r\n0\r\n\r\n`;
const typed = (type: string) => post(CHAT, `${AUTH}Content-Type: ${type}\r\n${length(GOOD)}`, GOOD);

const BODIES: readonly BadRequest[] = [
  openai('text', typed('text/plain'), 415, 'content_type_unsupported'),
  openai('a form', typed('application/x-www-form-urlencoded'), 415, 'content_type_unsupported'),
  openai('a multipart form', typed('multipart/form-data; boundary=x'), 415, 'content_type_unsupported'),
  openai('a gzipped body', chat(`${AUTH}Content-Encoding: gzip\r\n`), 415, 'content_encoding_unsupported'),
  openai('a body encoded with Brotli', chat(`${AUTH}Content-Encoding: br\r\n`), 415, 'content_encoding_unsupported'),
  openai('a body over the limit', json(over(BODY_BYTES_MAX)), 413, 'body_too_large'),
  openai('chunks over the limit', chunked(chunk(over(BODY_BYTES_MAX))), 413, 'body_too_large'),
  openai('a length of 100 GB, and no body', post(CHAT, `${AUTH}${JSON_TYPE}Content-Length: 100000000000\r\n`, ''), 413, 'body_too_large'),
  service('a body over the limit, for a service', json(over(SERVICE_BODY_BYTES_MAX), '/echo/x'), 413, 'body_too_large'),
  service('chunks over the limit, for a service', chunked(chunk(over(SERVICE_BODY_BYTES_MAX)), '/echo/x'), 413, 'body_too_large'),
  openai('a body that stops half-way', [...post(CHAT, AUTH + JSON_TYPE + length(GOOD), GOOD.slice(0, 10))], 408, 'body_timeout'),
  service('a body that stops half-way, for a service', [...post('/echo/x', AUTH + length(GOOD), GOOD.slice(0, 10))], 408, 'body_timeout'),
  {
    name: 'a body whose sender ends before it is whole',
    send: post(CHAT, AUTH + JSON_TYPE + length(GOOD), GOOD.slice(0, 10)),
    status: 0,
    by: 'cut',
    halfClose: true,
  },
];

export const BAD_REQUESTS: Readonly<Record<string, readonly BadRequest[]>> = {
  targets: TARGETS,
  methods: METHODS,
  heads: HEADS,
  framing: FRAMING,
  credentials: CREDENTIALS,
  json: JSON_ROWS,
  fields: FIELDS,
  bodies: BODIES,
};
