/* An OpenAPI document as tests read it: its operations with their examples, and checks of real requests and replies against its schemas. */

import Ajv2020 from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';

export interface ApiContent {
  readonly schema: object;
  readonly examples?: Readonly<Record<string, { readonly value: unknown }>>;
  readonly 'x-gatehouse-event-schema'?: object;
}

export interface ApiReply {
  readonly $ref?: string;
  readonly description?: string;
  readonly headers?: Readonly<Record<string, { readonly $ref?: string; readonly required?: boolean }>>;
  readonly content?: Readonly<Record<string, ApiContent>>;
}

export interface ApiParameter {
  readonly $ref?: string;
  readonly name?: string;
  readonly in?: string;
  readonly example?: string;
}

export interface ApiOperation {
  readonly operationId: string;
  readonly summary: string;
  readonly description?: string;
  readonly tags: readonly string[];
  readonly security: readonly Readonly<Record<string, unknown>>[];
  readonly parameters?: readonly ApiParameter[];
  readonly requestBody?: { readonly content: Readonly<Record<string, ApiContent>> };
  readonly responses: Readonly<Record<string, ApiReply>>;
  readonly 'x-gatehouse-access': string;
}

export interface ApiDocument {
  readonly openapi: string;
  readonly info: { readonly version: string };
  readonly paths: Readonly<Record<string, Readonly<Record<string, ApiOperation>>>>;
  readonly components: {
    readonly schemas: Readonly<Record<string, object>>;
    readonly responses: Readonly<Record<string, ApiReply>>;
    readonly headers: Readonly<Record<string, { readonly required?: boolean }>>;
    readonly securitySchemes: Readonly<Record<string, object>>;
  };
}

export interface ApiCall {
  readonly name: string;
  readonly method: string;
  /** With its parameters filled in by their examples. */
  readonly path: string;
  readonly operation: ApiOperation;
  /** The example that is sent; undefined for a request without a body. */
  readonly body?: string | FormData;
}

/** Every documented example as a request; an operation without examples of a body is one request. */
export function callsOf(document: ApiDocument): ApiCall[] {
  return Object.entries(document.paths).flatMap(([template, item]) =>
    Object.entries(item).flatMap(([method, operation]): ApiCall[] => {
      const path = template.replaceAll(/\{(\w+)\}/g, (_all, name: string) => {
        const example = operation.parameters?.find((parameter) => parameter.in === 'path' && parameter.name === name)?.example;
        if (example === undefined) throw new Error(`${method} ${template}: the parameter '${name}' has no example`);
        return encodeURIComponent(example);
      });
      const call = { name: `${method.toUpperCase()} ${template}`, method: method.toUpperCase(), path, operation };
      const bodies = Object.entries(operation.requestBody?.content ?? {}).flatMap(([type, { examples = {} }]) =>
        Object.entries(examples).map(([name, { value }]) => ({ ...call, name: `${call.name}: ${name}`, body: bodyOf(type, value) })),
      );
      return bodies.length === 0 ? [call] : bodies;
    }),
  );
}

/** JSON, or a form: in one, `{filename, content}` stands for a file. */
function bodyOf(type: string, value: unknown): string | FormData {
  if (type !== 'multipart/form-data') return JSON.stringify(value);
  const form = new FormData();
  for (const [name, field] of Object.entries(value as Record<string, string | { filename: string; content: string }>))
    form.append(name, typeof field === 'string' ? field : new File([field.content], field.filename));
  return form;
}

/** The options of `fetch` for a call. */
export function requestOf({ method, body }: ApiCall, headers: Readonly<Record<string, string>>): RequestInit {
  if (body === undefined) return { method, headers };
  return { method, headers: typeof body === 'string' ? { ...headers, 'content-type': 'application/json' } : headers, body };
}

export interface SchemaCheck {
  /** What is wrong with a value; empty: nothing. */
  (schema: object, value: unknown): string[];
}

const ROOT = 'https://document.example/';
const CHECKS = new WeakMap<ApiDocument, SchemaCheck>();

/** Checks values against schemas that stand in the document, with its references. */
export function createSchemaCheck(document: ApiDocument): SchemaCheck {
  const known = CHECKS.get(document);
  if (known !== undefined) return known;
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  addFormats(ajv);
  // Compiled once for all, for each takes its time.
  ajv.addSchema({ $id: ROOT, components: document.components });
  const compiled = new WeakMap<object, ReturnType<typeof ajv.compile>>();
  const check: SchemaCheck = (schema, value) => {
    let validate = compiled.get(schema);
    if (validate === undefined) {
      const absolute = JSON.stringify(schema).replaceAll('"#/components/', `"${ROOT}#/components/`);
      compiled.set(schema, (validate = ajv.compile(JSON.parse(absolute) as object)));
    }
    return validate(value) ? [] : (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message ?? ''}`);
  };
  CHECKS.set(document, check);
  return check;
}

/** The reply that the document has for a status, references followed. */
export function documentedReply(document: ApiDocument, operation: ApiOperation, status: number): ApiReply | undefined {
  const reply = operation.responses[String(status)];
  if (reply?.$ref === undefined) return reply;
  return document.components.responses[reply.$ref.slice('#/components/responses/'.length)];
}

/** What is wrong with a real reply: its status, its headers, its body. */
export async function replyProblems(document: ApiDocument, operation: ApiOperation, reply: Response): Promise<string[]> {
  const documented = documentedReply(document, operation, reply.status);
  const text = await reply.text();
  if (documented === undefined) return [`status ${reply.status} is not documented: ${text.slice(0, 300)}`];
  const problems = Object.entries(documented.headers ?? {}).flatMap(([name, header]) => {
    const { required } = header.$ref === undefined ? header : (document.components.headers[name] ?? {});
    return required === true && !reply.headers.has(name) ? [`the header ${name} is missing`] : [];
  });
  if (documented.content === undefined) return text === '' ? problems : [...problems, 'a body where none is documented'];
  const type = reply.headers.get('content-type')?.split(';')[0] ?? '';
  const content = documented.content[type] ?? documented.content['*/*'];
  if (content === undefined) return [...problems, `the content type ${type} is not documented`];
  const check = createSchemaCheck(document);
  if (STREAMS.has(type)) return [...problems, ...eventProblems(content, text, check)];
  return [...problems, ...check(content.schema, type === 'application/json' ? JSON.parse(text) : text)];
}

const STREAMS: ReadonlySet<string> = new Set(['text/event-stream', 'application/x-ndjson']);

/** Server-sent events, or a line of JSON each. */
function eventProblems(content: ApiContent, text: string, check: SchemaCheck): string[] {
  const schema = content['x-gatehouse-event-schema'];
  if (schema === undefined) return ['the events have no schema'];
  const lines = text.split(/\r?\n/).map((line) => line.replace(/^data: ?/, ''));
  const events = lines.filter((line) => line.startsWith('{'));
  if (events.length < 2) return [`no stream: ${text.slice(-200)}`];
  return events.flatMap((event) => check(schema, JSON.parse(event)));
}
