/*
 * Decodes what is asked at `models/{model}:generateContent` and its siblings, as far as the gateway itself must know it. The path says the model and the
 * method, the query the kind of stream; the bytes stay the caller's. Source: ai.google.dev/api/generate-content, /api/tokens, /api/embeddings.
 */

import type { JsonKind, JsonMember, JsonScan } from '../../base/json-scan.ts';
import { memberJson, memberString } from '../../base/json-scan.ts';
import { editMembers } from '../../base/json-splice.ts';
import type { Operation, OperationKind } from '../../operations/operation.ts';
import type { Asked, DecodeHints } from '../dialect.ts';
import { article, scanBody } from '../dialect-body.ts';
import { ofOperation } from '../dialect-operations.ts';
import { checkModel, firstInside, invalid } from '../dialect-request.ts';
import { GEMINI } from './dialect-name.ts';
import { type Fields, fieldsOf, listOf, numberOf, protoName } from './fields.ts';

/** A stream is a sequence of events, or a JSON array that grows; of embeddings, one is wanted, or a list. */
export type GeminiForm = 'sse' | 'array' | 'single' | 'batch';

interface Rule {
  readonly name: string;
  readonly kinds: readonly JsonKind[];
  readonly expected: string;
}

const CONTENTS: Rule = { name: 'contents', kinds: ['array'], expected: 'an array of contents' };
const RULES: Readonly<Partial<Record<OperationKind, readonly Rule[]>>> = {
  chat: [
    CONTENTS,
    { name: 'systemInstruction', kinds: ['object', 'string', 'null'], expected: 'a content' },
    { name: 'tools', kinds: ['array', 'null'], expected: 'an array of tools' },
    { name: 'toolConfig', kinds: ['object', 'null'], expected: 'an object' },
    { name: 'generationConfig', kinds: ['object', 'null'], expected: 'an object' },
  ],
  'count-tokens': [CONTENTS, { name: 'generateContentRequest', kinds: ['object'], expected: 'an object' }],
  embed: [
    { name: 'content', kinds: ['object'], expected: 'a content' },
    { name: 'requests', kinds: ['array'], expected: 'an array of requests' },
  ],
};

/** Throws `json_invalid` or `request_invalid`. */
export function decodeRequest(kind: OperationKind, bytes: Uint8Array, hints: DecodeHints): Operation {
  const scan = scanBody(bytes);
  for (const rule of ofOperation(RULES, kind)) checkField(scan, rule);
  checkSomething(scan, kind, hints.form);
  const model = checkModel(modelOf(hints.params ?? {}));
  const stream = kind === 'chat' && hints.form === 'stream';
  const form = stream ? streamForm(hints.search ?? '') : kind === 'embed' ? (hints.form === 'single' ? 'single' : 'batch') : undefined;
  const config = fieldsOf(memberOf(scan, 'generationConfig') === undefined ? {} : valueOf(scan, 'generationConfig')) ?? {};
  const outputTokensMax = numberOf(config['maxOutputTokens']);
  return {
    kind,
    dialect: GEMINI,
    model,
    stream,
    // Every response of a stream has it.
    usageWanted: true,
    deterministic: kind !== 'chat' || numberOf(config['temperature']) === 0 || numberOf(config['seed']) !== undefined,
    ...(form === undefined ? {} : { form }),
    ...(outputTokensMax === undefined ? {} : { outputTokensMax }),
    bytes,
    encode: (targetModel) => encodeRequest(scan, targetModel),
  };
}

/** The member under either of its names. */
export function memberOf(scan: JsonScan, name: string): JsonMember | undefined {
  return scan.get(name) ?? scan.get(protoName(name));
}

function valueOf(scan: JsonScan, name: string): unknown {
  return scan.get(name) === undefined ? memberJson(scan, protoName(name)) : memberJson(scan, name);
}

function checkField(scan: JsonScan, { name, kinds, expected }: Rule): void {
  const other = protoName(name);
  // Of both, servers may read either: we would judge one request and the upstream answer another.
  if (other !== name && scan.get(name) !== undefined && scan.get(other) !== undefined)
    throw invalid(name, `'${name}' and '${other}' are the same field: only one may be given`);
  const member = memberOf(scan, name);
  if (member !== undefined && !kinds.includes(member.kind))
    throw invalid(name, `'${name}' must be ${expected}, not ${article(member.kind)}`);
}

function checkSomething(scan: JsonScan, kind: OperationKind, form: string | undefined): void {
  switch (kind) {
    case 'chat':
      checkContents(scan);
      return;
    case 'count-tokens':
      if (memberOf(scan, 'generateContentRequest') === undefined) checkContents(scan);
      return;
    default:
      if (form === 'single') {
        if (scan.get('content') === undefined) throw invalid('content', "'content' is required: a content with text");
      } else if (firstInside(scan, 'requests') !== '{') throw invalid('requests', "'requests' must hold at least one request");
  }
}

function checkContents(scan: JsonScan): void {
  const first = firstInside(scan, 'contents');
  if (first === '') throw invalid('contents', "'contents' must hold at least one content");
  if (first !== '{') throw invalid('contents[0]', "'contents' must hold objects with a role and parts");
}

/** `models/{model}`, or Vertex AI's `projects/…/publishers/{publisher}/models/{model}`. */
function modelOf(params: Readonly<Record<string, string>>): string {
  const { model, path } = params;
  if (model !== undefined) return model;
  const found = /(?:^|\/publishers\/)([^/]+)\/models\/(.+)$/.exec(path ?? '');
  if (found === null) throw invalid('model', 'the path must name a model: publishers/{publisher}/models/{model}');
  const [, publisher = '', name = ''] = found;
  return publisher === 'google' ? name : `${publisher}/${name}`;
}

/** Throws for forms that there are not: whoever waits for another would read nothing. */
function streamForm(search: string): GeminiForm {
  const query = new URLSearchParams(search);
  const alt = query.get('alt') ?? query.get('$alt') ?? 'json';
  if (alt === 'sse') return 'sse';
  if (alt === 'json') return 'array';
  throw invalid('alt', "'alt' must be sse or json");
}

const REQUEST_OF: Readonly<Record<string, (value: unknown, resource: string) => unknown>> = {
  model: (_value, resource) => resource,
  requests: (value, resource) => listOf(value).map((request) => renamed(request, resource)),
  generateContentRequest: renamed,
  generate_content_request: renamed,
};

function renamed(request: unknown, resource: string): unknown {
  const known: Fields | undefined = fieldsOf(request);
  return known === undefined || known['model'] === undefined ? request : { ...(request as object), model: resource };
}

/** The body for a target of the same dialect: the path names the model, and a body that names it too must say the same. */
function encodeRequest(scan: JsonScan, targetModel: string): Uint8Array {
  const resource = resourceOf(targetModel);
  const edits: Record<string, string> = {};
  for (const [name, edit] of Object.entries(REQUEST_OF)) {
    if (scan.get(name) === undefined || (name === 'model' && memberString(scan, name) === resource)) continue;
    const value = memberJson(scan, name);
    const [before, after] = [JSON.stringify(value), JSON.stringify(edit(value, resource))];
    if (before !== after) edits[name] = after;
  }
  return Object.keys(edits).length === 0 ? scan.bytes : editMembers(scan, edits);
}

/** The name of a resource: models that are tuned are another collection. */
export function resourceOf(model: string): string {
  return /^(?:models|tunedModels)\//.test(model) ? model : `models/${model}`;
}

const METHODS: Readonly<Partial<Record<OperationKind, (asked: Asked) => string>>> = {
  chat: ({ stream, form }) => (stream ? `streamGenerateContent${form === 'array' ? '' : '?alt=sse'}` : 'generateContent'),
  'count-tokens': () => 'countTokens',
  embed: ({ form }) => (form === 'single' ? 'embedContent' : 'batchEmbedContents'),
};

export function pathOf(asked: Asked, model: string): string {
  const segments = resourceOf(model)
    .split('/')
    .map((segment) => encodeURIComponent(segment).replaceAll('%40', '@'));
  return `/${segments.join('/')}:${ofOperation(METHODS, asked.kind)(asked)}`;
}

/** How many answers a request wants; its JSON has been checked. A search first: hardly any says so. */
export function candidatesWanted(bytes: Uint8Array): number {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (!view.includes('candidateCount') && !view.includes('candidate_count')) return 1;
  const body = fieldsOf(JSON.parse(view.toString()));
  return numberOf(fieldsOf(body?.['generationConfig'])?.['candidateCount']) ?? 1;
}
