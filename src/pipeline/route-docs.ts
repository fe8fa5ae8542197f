/*
 * What a route says of itself: the source of `/openapi.json`. It stands where the route is made, so that whoever changes the one sees the
 * other; a test fails for a route that says nothing. It is in a file of its own, which is imported when the document is asked for:
 *
 *   docs: async () => (await import('./model-docs.ts')).modelDocs(examples),
 *
 * Schemas are zod's: where a schema validates a request, the same one is published.
 *
 * A schema with `.meta({ id: 'ChatReply' })` becomes a component of that name; all others are written out where they are used.
 */

import type { z } from 'zod';
import type { ErrorCode } from '../base/errors.ts';

/** The groups that operations are shown in, in this order. A group without operations is not shown. */
export const TAGS = {
  Chat: 'Ask a model. The paths and shapes are those of the OpenAI API, so its clients work unchanged.',
  Media: 'Pictures, sound and moderation. Requests and replies pass as they are; targets, limits and metering are those of chats.',
  Files: 'Files and batches that are kept at a provider. Each caller sees its own alone.',
  Assistant: 'Chat with memory and knowledge: what is known about the user and the documents is added before the model is asked.',
  Gemini: "Google's Gemini API, for clients that speak it.",
  Reranking: 'Documents in the order of their worth for a query, in the forms of several vendors.',
  Ollama: "The Ollama server's own API, for clients that speak it.",
  Memory: 'What is remembered of users. The paths and shapes are those of Mem0, so its clients work unchanged.',
  Knowledge: 'Questions over documents, and the documents themselves.',
  Models: 'Which models there are.',
  Services: 'AI services behind the gateway. Requests and replies pass as they are; limits, retries and circuit breakers are added.',
  Health: 'Whether the gateway and what it depends on can answer. Made for load balancers and orchestrators.',
  Observability: 'What the gateway measures.',
  Administration: 'Changing the running gateway. Every one of these needs the key of an administrator.',
  About: 'What this gateway is, and this documentation.',
} as const;

export type Tag = keyof typeof TAGS;

/** Asked for when the document is wanted, and not before: what describes a route is then imported, so that a start need not wait for it. */
export type LoadRouteDocs = () => Promise<RouteDocs>;

export interface RouteDocs {
  readonly tag: Tag;
  /** A few words, as a title, without a full stop. */
  readonly summary: string;
  /** Markdown: what it does, for somebody who has not read our code. */
  readonly description: string;
  /** Every parameter of the pattern, and the headers and query parameters worth knowing. */
  readonly parameters?: readonly ParameterDocs[];
  readonly body?: BodyDocs;
  /** What it answers when all is well; errors follow from the kind of route. */
  readonly replies: readonly ReplyDocs[];
  /** Left out of the document: there is nothing to be had there. */
  readonly unlisted?: true;
  /** Errors beyond those that every route of its kind may give. */
  readonly errors?: readonly ErrorCode[];
}

export interface ParameterDocs {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly description: string;
  /** Default: a string. */
  readonly schema?: z.ZodType;
  /** Path parameters always are. */
  readonly required?: boolean;
  readonly example?: string;
}

export interface BodyDocs {
  readonly description?: string;
  /** Default: true. */
  readonly required?: boolean;
  /** By media type. */
  readonly content: Readonly<Record<string, ContentDocs>>;
}

export interface ReplyDocs {
  readonly status: number;
  readonly description: string;
  /** By media type; absent: no body. */
  readonly content?: Readonly<Record<string, ContentDocs>>;
  /** Headers of its own, by name; those of every reply are added. */
  readonly headers?: Readonly<Record<string, string>>;
}

export interface ContentDocs {
  readonly schema: z.ZodType;
  /** Of a request: each is sent to a real gateway in a test, and its answer held against `replies`. */
  readonly examples?: Readonly<Record<string, ExampleDocs>>;
  /** Of an event stream: the schema of the JSON after `data: `. */
  readonly events?: z.ZodType;
}

export interface ExampleDocs {
  readonly summary: string;
  readonly value: unknown;
}

/** A JSON body or reply, with at most one example. */
export function jsonContent(schema: z.ZodType, example?: unknown): Readonly<Record<string, ContentDocs>> {
  return {
    'application/json': example === undefined ? { schema } : { schema, examples: { example: { summary: 'Example', value: example } } },
  };
}
