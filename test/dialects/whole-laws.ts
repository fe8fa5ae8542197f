/*
 * The laws of codecs for reranking and embeddings. A request goes through any of them and says the same; an answer too; and whatever bytes come, nothing but a
 * GatewayError comes of it.
 */
import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { GatewayError } from '../../src/base/errors.ts';
import type { Dialect } from '../../src/dialects/dialect.ts';
import type { EncodeFacts, WholeCodec } from '../../src/dialects/dialect-codec.ts';
import type { EmbedReply, EmbedRequest } from '../../src/operations/embedding.ts';
import type { OperationKind } from '../../src/operations/operation.ts';
import type { RerankReply, RerankRequest } from '../../src/operations/rerank.ts';
import { arbitraryMutation, mutate } from './mutate.ts';

const MODEL = 'some-model';
const TARGET = { model: MODEL, stream: false, streamUsage: false };
const FACTS: EncodeFacts = { id: 'madeuphere', model: MODEL, nowMs: 1_700_000_000_000, usageWanted: true };

const someText = fc.string({ unit: 'binary', minLength: 1, maxLength: 40 });
const score = fc.integer({ min: 0, max: 10_000 }).map((value) => value / 10_000);
const number = fc.float({ noNaN: true, noDefaultInfinity: true, min: -4, max: 4 });
const usage = fc.nat(9_999).map((tokens) => ({ inputTokens: tokens, totalTokens: tokens }));

const rerankRequest: fc.Arbitrary<RerankRequest> = fc
  .record({
    query: someText,
    texts: fc.array(someText, { minLength: 1, maxLength: 12 }),
    top: fc.option(fc.integer({ min: 1, max: 12 }), { nil: undefined }),
    withDocuments: fc.boolean(),
  })
  .map(({ query, texts, top, withDocuments }) => ({
    query,
    documents: texts.map((text) => ({ text })),
    ...(top === undefined ? {} : { top: Math.min(top, texts.length) }),
    withDocuments,
    unread: [],
  }));

const rerankReply = (request: RerankRequest): fc.Arbitrary<RerankReply> =>
  fc
    .tuple(fc.array(score, { minLength: request.documents.length, maxLength: request.documents.length }), usage)
    .map(([scores, told]) => ({ results: scores.map((value, index) => ({ index, score: value })), usage: told }));

const embedRequest: fc.Arbitrary<EmbedRequest> = fc.record(
  {
    inputs: fc.array(someText, { minLength: 1, maxLength: 6 }),
    encoding: fc.constant('float' as const),
    unread: fc.constant([]),
    dimensions: fc.integer({ min: 1, max: 4_096 }),
    truncate: fc.boolean(),
    purpose: fc.constantFrom('query' as const, 'document' as const),
  },
  { requiredKeys: ['inputs', 'encoding', 'unread'] },
);

const embedReply = ({ inputs }: EmbedRequest): fc.Arbitrary<EmbedReply> =>
  fc
    .tuple(fc.array(fc.array(number, { minLength: 3, maxLength: 3 }), { minLength: inputs.length, maxLength: inputs.length }), usage)
    .map(([vectors, told]) => ({ vectors, usage: told }));

export interface WholeLawsConfig {
  /** What of a request the dialect has no word for. */
  readonly rerankLacks?: readonly (keyof RerankRequest)[];
  readonly embedLacks?: readonly (keyof EmbedRequest)[];
  /** The dialect tells no usage. */
  readonly withoutUsage?: true;
}

export function wholeLaws(dialect: Dialect, config: WholeLawsConfig = {}): void {
  const { rerank, embed } = dialect.codecs;
  if (rerank === undefined || embed === undefined) throw new Error(`'${dialect.name}' lacks one of the two`);
  describe(`reranking in ${dialect.name}`, () => {
    // Documents are not asked of a target: the caller has them.
    laws(dialect, 'rerank', rerank, {
      request: rerankRequest,
      reply: rerankReply,
      lacks: ['withDocuments', 'truncate', ...(config.rerankLacks ?? [])],
    });

    test('tells the best first, as many as are wanted, with the documents where they are', () => {
      fc.assert(
        fc.property(
          rerankRequest.chain((request) => fc.tuple(fc.constant(request), rerankReply(request))),
          ([request, reply]) => {
            const told = rerank.decodeReply(Buffer.from(rerank.encodeReply(reply, FACTS, request)));
            const wanted = reply.results.toSorted((a, b) => b.score - a.score).slice(0, request.top);
            expect(told.results).toEqual(wanted);
            if (config.withoutUsage !== true) expect(told.usage?.inputTokens).toBe(reply.usage?.inputTokens ?? -1);
            const text = rerank.encodeReply(reply, FACTS, { ...request, withDocuments: true });
            expect(text).toContain(JSON.stringify(request.documents[wanted[0]?.index ?? -1]?.text));
          },
        ),
      );
    });

    test('believes no result about a document that it was not given', () => {
      const request: RerankRequest = { query: 'q', documents: [{ text: 'a' }], withDocuments: false, unread: [] };
      expect(() => rerank.encodeReply({ results: [{ index: 1, score: 1 }] }, FACTS, request)).toThrow(GatewayError);
    });
  });
  describe(`embeddings in ${dialect.name}`, () => {
    laws(dialect, 'embed', embed, { request: embedRequest, reply: embedReply, lacks: config.embedLacks ?? [] });

    test('gives the vectors back', () => {
      fc.assert(
        fc.property(
          embedRequest.chain((request) => fc.tuple(fc.constant(request), embedReply(request))),
          ([request, reply]) => {
            // JSON knows no negative zero.
            const plain = reply.vectors.map((vector) => vector.map((value) => value + 0));
            const told = embed.decodeReply(Buffer.from(embed.encodeReply({ ...reply, vectors: plain }, FACTS, request)));
            expect(told.vectors).toEqual(plain);
            if (config.withoutUsage !== true) expect(told.usage?.inputTokens).toBe(reply.usage?.inputTokens ?? -1);
          },
        ),
      );
    });

    test('refuses a reply without a vector', () => {
      for (const text of [
        '{}',
        '[]',
        '{"data":[]}',
        '{"embeddings":{"float":[]}}',
        '{"data":[{"embedding":[]}]}',
        '{"data":[{"embedding":"x"}]}',
        '[[null]]',
      ])
        expect(() => embed.decodeReply(Buffer.from(text))).toThrow(GatewayError);
    });
  });
}

interface Kind<Request, Reply> {
  readonly request: fc.Arbitrary<Request>;
  readonly reply: (request: Request) => fc.Arbitrary<Reply>;
  readonly lacks: readonly (keyof Request)[];
}

function laws<Request extends object, Reply>(
  dialect: Dialect,
  kind: OperationKind,
  codec: WholeCodec<Request, Reply>,
  { request: requests, reply: replies, lacks }: Kind<Request, Reply>,
): void {
  const decode = (bytes: Uint8Array) => codec.decodeRequest(dialect.decode(kind, bytes, { hasModel: () => true }));
  const plain = (request: Request) =>
    Object.fromEntries(Object.entries(request).filter(([name]) => !lacks.includes(name as keyof Request)));

  test('gives a request back as it was', () => {
    fc.assert(
      fc.property(requests, (request) => {
        const told = plain(decode(codec.encodeRequest(request, TARGET)));
        expect(told).toMatchObject(plain(request));
      }),
    );
  });

  test('refuses what is bad, on either side, with an error of ours, or not at all', () => {
    const both = requests.chain((request) => fc.tuple(fc.constant(request), replies(request)));
    fc.assert(
      fc.property(both, fc.array(arbitraryMutation, { minLength: 1, maxLength: 3 }), ([request, reply], mutations) => {
        onlyGatewayErrors(() => codec.encodeRequest(decode(mutations.reduce(mutate, codec.encodeRequest(request, TARGET))), TARGET));
        const told = Buffer.from(codec.encodeReply(reply, FACTS, request));
        onlyGatewayErrors(() => codec.encodeReply(codec.decodeReply(mutations.reduce(mutate, told)), FACTS, request));
      }),
      { numRuns: 400 },
    );
  });

  test('holds a passing reply for one just where it is one', () => {
    fc.assert(
      fc.property(
        requests.chain((request) => fc.tuple(fc.constant(request), replies(request))),
        ([request, reply]) => {
          const operation = dialect.decode(kind, codec.encodeRequest(request, TARGET), { hasModel: () => true });
          const text = codec.encodeReply(reply, FACTS, request);
          dialect.inspectReply(operation, Buffer.from(text));
          for (const bad of ['', text.slice(0, -1), '{"message":"no"}', '"text"', '{"error":{"message":"no"}}'])
            expect(() => dialect.inspectReply(operation, Buffer.from(bad))).toThrow(GatewayError);
        },
      ),
      { numRuns: 20 },
    );
  });
}

function onlyGatewayErrors(run: () => void): void {
  try {
    run();
  } catch (cause) {
    if (!(cause instanceof GatewayError)) throw cause;
  }
}
