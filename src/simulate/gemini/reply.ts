/*
 * What Gemini answers: GenerateContentResponse, whole and as a stream of itself. A stream's chunk is a response too: each has what is new in
 * `candidates`, and `usageMetadata` so far, so that whoever adds usage up counts it many times.
 */
import { type Answer, answer, answerTokens, thoughtsOf } from '../answer.ts';
import type { Faults } from '../faults.ts';
import { interleave, type Placed } from '../interleave.ts';
import { logprobsOf } from '../logprobs.ts';
import { seal } from '../seal.ts';
import { hash, hashDigits } from '../text.ts';
import { type GenerateRequest, isThirdGeneration } from './request.ts';

export interface GeminiReply {
  readonly model: string;
  readonly isVertex: boolean;
  readonly request: GenerateRequest;
  readonly answers: readonly Answer[];
  readonly thoughts: readonly string[];
  readonly seed: number;
}

export interface Asked {
  readonly model: string;
  readonly isVertex: boolean;
  readonly request: GenerateRequest;
}

export function geminiReply(asked: Asked, faults: Faults, seed: number): GeminiReply {
  const { question, candidates, thinks } = asked.request;
  return {
    ...asked,
    answers: Array.from({ length: candidates }, (_, choice) => answer(question, faults, seed + choice)),
    thoughts: thinks ? thoughtsOf(question.conversation, seed) : [],
    seed: hash(question.conversation, seed),
  };
}

/** A part of an answer, and what is said beside it in the candidate. */
interface Delta {
  readonly part: object;
  readonly token?: string;
  /** Tokens it counts for. */
  readonly tokens: number;
}

export function promptTokens({ heard, cachedTokens }: GenerateRequest): number {
  return [...heard.media.values()].reduce((total, tokens) => total + tokens, heard.textTokens + cachedTokens);
}

export function candidateTokens(reply: GeminiReply): number {
  return reply.answers.reduce((total, given) => total + (given.kind === 'refusal' ? 0 : answerTokens(given)), 0);
}

/** The response as a whole. */
export function wholeResponse(reply: GeminiReply, faults: Faults): object {
  const candidates = reply.answers.map((given, index) => ({
    ...contentOf([...thoughtParts(reply), ...wholeParts(given, reply)]),
    ...ending(given, faults),
    index,
    ...beside(given, reply),
    ...logprobsResult(given.kind === 'text' ? given.tokens : [], reply),
  }));
  return { candidates, ...usage(reply, faults, candidateTokens(reply)), ...frame(reply) };
}

/** Nothing is answered: the prompt itself is refused. */
export function blockedResponse(reply: GeminiReply, faults: Faults): object {
  const promptFeedback = { blockReason: 'PROHIBITED_CONTENT', ...(reply.isVertex ? { blockReasonMessage: BLOCKED } : {}) };
  return { promptFeedback, ...usage({ ...reply, thoughts: [] }, faults, 0), ...frame(reply) };
}

const BLOCKED = 'The prompt is blocked due to prohibited contents';

/** The pieces of a stream: thoughts first, then a token or a call of each candidate in turn. */
export function deltasOf(reply: GeminiReply): readonly Placed<Delta>[] {
  const thoughts = reply.request.tellsThoughts ? reply.thoughts.map((text) => ({ part: { text, thought: true }, tokens: 0 })) : [];
  return interleave(reply.answers.map((given) => [...thoughts, ...streamedParts(given, reply)]));
}

export function chunkOf(reply: GeminiReply, placed: Placed<Delta>, sent: { readonly tokens: number; readonly faults: Faults }): object {
  const { index, delta } = placed;
  const { token } = delta;
  const candidate = { ...contentOf([delta.part]), index, ...(token === undefined ? {} : logprobsResult([token], reply)) };
  return { candidates: [candidate], ...usage(reply, sent.faults, sent.tokens), ...frame(reply) };
}

/** The last response of a stream: why it ended, and all that was used. */
export function closingChunk(reply: GeminiReply, faults: Faults): object {
  const candidates = reply.answers.map((given, index) => ({
    ...(given.kind === 'refusal' ? {} : contentOf([{ text: '', ...(given.kind === 'text' ? signature(reply) : {}) }])),
    ...ending(given, faults),
    index,
    ...beside(given, reply),
  }));
  return { candidates, ...usage(reply, faults, candidateTokens(reply)), ...frame(reply) };
}

function contentOf(parts: readonly object[]): object {
  return parts.length === 0 ? {} : { content: { parts, role: 'model' } };
}

function thoughtParts({ request, thoughts }: GeminiReply): readonly object[] {
  return request.tellsThoughts ? [{ text: thoughts.join(''), thought: true }] : [];
}

function wholeParts(given: Answer, reply: GeminiReply): readonly object[] {
  if (given.kind === 'text') return [{ text: spoken(given.tokens, reply).join(''), ...signature(reply) }];
  return given.kind === 'tools' ? callParts(given, reply) : [];
}

function streamedParts(given: Answer, reply: GeminiReply): readonly Delta[] {
  if (given.kind === 'text') return spoken(given.tokens, reply).map((token) => ({ part: { text: token }, token, tokens: 1 }));
  if (given.kind === 'refusal') return [];
  const tokens = answerTokens(given);
  return callParts(given, reply).map((part, index) => ({ part, tokens: index === 0 ? tokens : 0 }));
}

/** Calls come whole, in a stream as well; the first carries the signature of all. */
function callParts(given: Answer & { readonly kind: 'tools' }, reply: GeminiReply): readonly object[] {
  const hasIds = isThirdGeneration(reply.model);
  return given.calls.map((call, index) => ({
    functionCall: { ...(hasIds ? { id: call.id.slice('call_'.length, 'call_'.length + 8) } : {}), name: call.name, args: call.arguments },
    ...(index === 0 ? signature(reply) : {}),
  }));
}

function signature({ thoughts }: GeminiReply): object {
  return thoughts.length === 0 ? {} : { thoughtSignature: seal('thought', thoughts.join('')) };
}

/** A word of an enum comes as it is, without JSON's quotes. */
function spoken(tokens: readonly string[], { request }: GeminiReply): readonly string[] {
  return request.isBareEnum ? [tokens.join('').replace(/^"|"$/g, '')] : tokens;
}

function ending(given: Answer, faults: Faults): object {
  if (faults.noFinish) return {};
  if (faults.finish !== undefined) return { finishReason: faults.finish };
  if (given.kind === 'refusal') return { finishReason: 'SAFETY' };
  return { finishReason: given.kind === 'text' && given.finish === 'length' ? 'MAX_TOKENS' : 'STOP' };
}

const CATEGORIES = [
  'HARM_CATEGORY_HATE_SPEECH',
  'HARM_CATEGORY_DANGEROUS_CONTENT',
  'HARM_CATEGORY_HARASSMENT',
  'HARM_CATEGORY_SEXUALLY_EXPLICIT',
] as const;
/** What a refusal is about. */
const BLOCKED_CATEGORY = 'HARM_CATEGORY_DANGEROUS_CONTENT';

function beside(given: Answer, reply: GeminiReply): object {
  const isRefused = given.kind === 'refusal';
  const safetyRatings = CATEGORIES.map((category) =>
    isRefused && category === BLOCKED_CATEGORY ? { category, probability: 'HIGH', blocked: true } : { category, probability: 'NEGLIGIBLE' },
  );
  return { safetyRatings, ...citations(given, reply), ...grounding(given, reply) };
}

const SOURCE = { uri: 'https://example.com/sources/1', title: 'A source' };

/** Asked to cite, the model has learnt its first words by heart. */
function citations(given: Answer, { request, isVertex }: GeminiReply): object {
  if (given.kind !== 'text' || !/\bcit(?:e|es|ation|ations)\b/i.test(request.question.lastUserText)) return {};
  const endIndex = Buffer.byteLength(given.tokens.slice(0, 4).join(''));
  const source = { startIndex: 0, endIndex, uri: SOURCE.uri, license: '' };
  return { citationMetadata: isVertex ? { citations: [source] } : { citationSources: [source] } };
}

function grounding(given: Answer, { request, isVertex }: GeminiReply): object {
  if (given.kind !== 'text' || !request.searches) return {};
  const text = given.tokens.slice(0, 4).join('');
  return {
    groundingMetadata: {
      webSearchQueries: [request.question.lastUserText.slice(0, 60)],
      searchEntryPoint: { renderedContent: '<div>A search</div>' },
      groundingChunks: [{ web: { ...SOURCE, ...(isVertex ? { domain: 'example.com' } : {}) } }],
      groundingSupports: [{ segment: { startIndex: 0, endIndex: Buffer.byteLength(text), text }, groundingChunkIndices: [0] }],
    },
  };
}

/** Log probabilities and their mean. */
function logprobsResult(tokens: readonly string[], { request }: GeminiReply): object {
  if (request.topLogprobs === undefined || tokens.length === 0) return {};
  const rows = logprobsOf(tokens, request.topLogprobs);
  const candidate = ({ token, logprob }: { token: string; logprob: number }) => ({
    token,
    tokenId: hash(token, 0) % VOCABULARY,
    logProbability: logprob,
  });
  return {
    avgLogprobs: rows.reduce((total, row) => total + row.logprob, 0) / rows.length,
    logprobsResult: {
      topCandidates: rows.map((row) => ({ candidates: row.top_logprobs.map(candidate) })),
      chosenCandidates: rows.map(candidate),
    },
  };
}

const VOCABULARY = 256_000;

function usage(reply: GeminiReply, faults: Faults, candidatesTokenCount: number): object {
  if (faults.noUsage) return {};
  const { request, thoughts, isVertex } = reply;
  const promptTokenCount = promptTokens(request);
  const thoughtsTokenCount = thoughts.length;
  return {
    usageMetadata: {
      promptTokenCount,
      ...(candidatesTokenCount === 0 ? {} : { candidatesTokenCount }),
      totalTokenCount: promptTokenCount + candidatesTokenCount + thoughtsTokenCount,
      ...(request.cachedTokens === 0 ? {} : cached(request.cachedTokens)),
      promptTokensDetails: promptDetails(request),
      ...(thoughtsTokenCount === 0 ? {} : { thoughtsTokenCount }),
      ...(isVertex ? { trafficType: 'ON_DEMAND' } : {}),
    },
  };
}

function cached(tokenCount: number): object {
  return { cachedContentTokenCount: tokenCount, cacheTokensDetails: [{ modality: 'TEXT', tokenCount }] };
}

/** The prompt's tokens by what they are of. */
export function promptDetails({ heard, cachedTokens }: Pick<GenerateRequest, 'heard' | 'cachedTokens'>): readonly object[] {
  const media = Array.from(heard.media, ([modality, tokenCount]) => ({ modality, tokenCount }));
  return [{ modality: 'TEXT', tokenCount: heard.textTokens + cachedTokens }, ...media];
}

function frame({ model, isVertex, seed }: GeminiReply): object {
  const responseId = Buffer.from(hashDigits(model, seed, 16)).toString('base64url');
  return { modelVersion: model, ...(isVertex ? { createTime: '2026-01-01T00:00:00.000000Z' } : {}), responseId };
}
