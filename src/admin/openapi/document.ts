/*
 * The OpenAPI 3.1 document of one configuration: made of its route table and of what each route says of itself, so it lists what is
 * served, and nothing else. The same configuration gives the same bytes.
 * Source: spec.openapis.org/oas/v3.1.1
 */

import { KEY_HEADERS } from '../../base/credential-headers.ts';
import { type ContentDocs, type ParameterDocs, type RouteDocs, TAGS } from '../../pipeline/route-docs.ts';
import type { DescribedRoute } from './described-route.ts';
import { ErrorReplies, type ErrorShape, errorCodesOf } from './error-replies.ts';
import { type HeaderFacts, headerComponents, PARAMETER_COMPONENTS, replyHeaders, sharedParameters } from './headers.ts';
import { createOperationIds, type OpenApiPath, openApiMethods, openApiPath } from './route-paths.ts';
import { type Direction, type Json, SchemaBook } from './schema-book.ts';

export interface OpenApiFacts extends HeaderFacts {
  readonly version: string;
  /** By dialect; the others tell errors in the gateway's own shape. */
  readonly errorShapes: ReadonlyMap<string, ErrorShape>;
  /** Whether callers of the routes with access `key` must be known. */
  readonly keyRequired: boolean;
  /** Whether tokens are accepted beside keys. */
  readonly tokens: boolean;
  /** What the access `metrics` asks for. */
  readonly metricsAccess: 'public' | 'key';
}

/** Builds the document. Throws when two different schemas bear one name, or an error schema none. */
export function openApiDocument(routes: readonly DescribedRoute[], facts: OpenApiFacts): Json {
  const writer = new DocumentWriter(facts);
  for (const route of routes) writer.add(route);
  return writer.finish();
}

/** For a route that says nothing: it is listed all the same. */
const NOTHING_SAID: RouteDocs = {
  tag: 'About',
  summary: 'Not described yet',
  description: '',
  replies: [{ status: 200, description: 'All went well.' }],
};

class DocumentWriter {
  readonly #facts: OpenApiFacts;
  readonly #book = new SchemaBook();
  readonly #errors: ErrorReplies;
  readonly #operationId = createOperationIds();
  readonly #paths: Record<string, Json> = {};
  readonly #tags = new Set<string>();

  constructor(facts: OpenApiFacts) {
    this.#facts = facts;
    this.#errors = new ErrorReplies(this.#book, facts.errorShapes);
  }

  add(route: DescribedRoute): void {
    const path = openApiPath(route.pattern);
    const item = (this.#paths[path.template] ??= {});
    for (const method of openApiMethods(route.methods)) item[method] ??= this.#operation(route, method, path);
  }

  finish(): Json {
    const { version } = this.#facts;
    const errors = this.#errors.components;
    return {
      openapi: '3.1.1',
      info: {
        title: 'Gatehouse AI gateway',
        version,
        summary: 'One front door to models and AI services.',
        description: INTRODUCTION,
        license: { name: 'Apache 2.0', identifier: 'Apache-2.0' },
      },
      servers: [{ url: '/', description: 'This gateway' }],
      tags: Object.entries(TAGS).flatMap(([name, description]) => (this.#tags.has(name) ? [{ name, description }] : [])),
      paths: this.#paths,
      components: {
        schemas: this.#book.components,
        responses: errors,
        parameters: PARAMETER_COMPONENTS,
        headers: headerComponents(this.#facts),
        securitySchemes: this.#securitySchemes(),
      },
    };
  }

  #operation(route: DescribedRoute, method: string, path: OpenApiPath): Json {
    const docs = route.docs ?? NOTHING_SAID;
    this.#tags.add(docs.tag);
    const needsCaller = this.#needsCaller(route);
    const parameters = [...this.#parameters(docs, path), ...sharedParameters(route, this.#facts)];
    // What is said of every method at once is not meant of a DELETE.
    const isMeant = method === 'delete' ? route.methods.includes('DELETE') : method !== 'get';
    const hasBody = docs.body !== undefined && isMeant;
    return {
      tags: [docs.tag],
      operationId: this.#operationId(method, route.pattern),
      summary: docs.summary,
      ...(docs.description === '' ? {} : { description: docs.description }),
      ...(parameters.length === 0 ? {} : { parameters }),
      ...(hasBody ? { requestBody: this.#body(docs) } : {}),
      responses: {
        ...Object.fromEntries(docs.replies.map((reply) => [String(reply.status), this.#reply(reply, route)])),
        ...withoutDoubles(this.#errors.of(route, errorCodesOf(route, needsCaller)), docs),
      },
      security: this.#security(route),
      'x-gatehouse-route': route.pattern,
      'x-gatehouse-access': route.access,
    };
  }

  #parameters(docs: RouteDocs, path: OpenApiPath): Json[] {
    const described = new Map((docs.parameters ?? []).map((parameter) => [`${parameter.in} ${parameter.name}`, parameter]));
    const inPath = path.parameters.map(({ name, slashes }) => {
      const known: ParameterDocs = described.get(`path ${name}`) ?? { name, in: 'path', description: '' };
      described.delete(`path ${name}`);
      const description = slashes ? `${known.description} May hold slashes, plain or as \`%2F\`.`.trimStart() : known.description;
      return this.#parameter({ ...known, description, required: true });
    });
    return [...inPath, ...[...described.values()].filter((parameter) => parameter.in !== 'path').map((one) => this.#parameter(one))];
  }

  #parameter(docs: ParameterDocs): Json {
    return {
      name: docs.name,
      in: docs.in,
      ...(docs.description === '' ? {} : { description: docs.description }),
      ...(docs.required === true ? { required: true } : {}),
      schema: docs.schema === undefined ? { type: 'string' } : this.#book.use(docs.schema, 'input'),
      ...(docs.example === undefined ? {} : { example: docs.example }),
    };
  }

  #body({ body }: RouteDocs): Json {
    if (body === undefined) return {};
    return {
      ...(body.description === undefined ? {} : { description: body.description }),
      required: body.required ?? true,
      content: this.#content(body.content, 'input'),
    };
  }

  #reply(reply: RouteDocs['replies'][number], route: DescribedRoute): Json {
    const own = Object.entries(reply.headers ?? {}).map(([name, description]): [string, Json] => [
      name,
      { description, schema: { type: 'string' } },
    ]);
    return {
      description: reply.description,
      headers: { ...replyHeaders(route, this.#facts), ...Object.fromEntries(own) },
      ...(reply.content === undefined ? {} : { content: this.#content(reply.content, 'output') }),
    };
  }

  #content(content: Readonly<Record<string, ContentDocs>>, io: Direction): Json {
    return Object.fromEntries(
      Object.entries(content).map(([type, { schema, examples, events }]) => [
        type,
        {
          schema: this.#book.use(schema, io),
          ...(examples === undefined ? {} : { examples }),
          ...(events === undefined ? {} : { 'x-gatehouse-event-schema': this.#book.use(events, io) }),
        },
      ]),
    );
  }

  #needsCaller({ access }: DescribedRoute): boolean {
    const asked = access === 'metrics' ? this.#facts.metricsAccess : access;
    return asked === 'admin' || (asked === 'key' && this.#facts.keyRequired);
  }

  /** Any one of the ways; the empty one means that nobody has to say who they are. */
  #security(route: DescribedRoute): Json[] {
    const { access } = route;
    const asked = access === 'metrics' ? this.#facts.metricsAccess : access;
    if (asked === 'public') return [];
    const ways = Object.keys(this.#securitySchemes()).map((name) => ({ [name]: [] }));
    return this.#needsCaller(route) ? ways : [{}, ...ways];
  }

  #securitySchemes(): Json {
    const keys = KEY_HEADERS.map((name): [string, Json] => [
      name,
      { type: 'apiKey', in: 'header', name, description: `The API key, as \`${name}\`.` },
    ]);
    return {
      bearer: { type: 'http', scheme: 'bearer', description: 'An API key of this gateway, as `Authorization: Bearer …`.' },
      ...(this.#facts.tokens
        ? { jwt: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT', description: 'A JSON Web Token of the configured issuer.' } }
        : {}),
      ...Object.fromEntries(keys),
    };
  }
}

/** A route that describes a status itself knows better. */
function withoutDoubles(errors: Json, docs: RouteDocs): Json {
  const described = new Set(docs.replies.map(({ status }) => String(status)));
  return Object.fromEntries(Object.entries(errors).filter(([status]) => !described.has(status)));
}

const INTRODUCTION = `This document lists what *this* gateway serves, as it is configured now.

**Who is calling.** Send an API key as \`Authorization: Bearer …\`, or in one of the headers \`x-api-key\`, \`api-key\` and \`x-goog-api-key\`.
Operations without a lock are open to everyone.

**Errors** come in the shape of the API that was called, with a \`code\`, and with \`X-Should-Retry\`: whether sending the request again may help.
Every reply carries \`X-Correlation-ID\`, which names the request in the gateway's logs.

**Limits.** Replies say how many requests are left (\`X-RateLimit-Remaining-Minute\`, …); over a limit the answer is 429 with \`Retry-After\`.

**Streams** are server-sent events. One that fails half-way ends with an error event, never as if it were whole.`;
