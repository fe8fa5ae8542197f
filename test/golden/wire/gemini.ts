/* Source: ai.google.dev/api/generate-content (GenerateContentResponse; streamed as events without names). */
import { type JsonObject, line, merge, object, objects, pieces, sse, sseLines, text, type Wire } from './wire.ts';

const MODEL = 'gemini-2.5-flash';
const SILENT = ['usageMetadata.cachedContentTokenCount', 'usageMetadata.thoughtsTokenCount'];
const NOISE = ['responseId', 'modelVersion', 'createTime', 'candidates.content.parts.functionCall.id'];

export const geminiWire: Wire = {
  model: MODEL,
  request: { contents: [{ role: 'user', parts: [{ text: 'Hello' }] }], generationConfig: { maxOutputTokens: 1_024 } },
  streamed: {},
  hints: (isStreamed) => (isStreamed ? { form: 'stream', search: '?alt=sse' } : {}),
  incidental: ['responseId', 'modelVersion', 'createTime'],
  silent: SILENT,
  reply(said) {
    const { usageMetadata: usage, candidates, promptFeedback, ...candidate } = said;
    const given = candidates === undefined ? [candidate] : objects(candidates);
    return {
      candidates: given.map((one, index) => ({
        ...one,
        content: { role: 'model', ...object(one['content']) },
        finishReason: one['finishReason'] ?? 'STOP',
        index,
      })),
      ...(promptFeedback === undefined ? {} : { promptFeedback }),
      usageMetadata: merge({ promptTokenCount: 10, candidatesTokenCount: 5, totalTokenCount: 15 }, object(usage)),
      modelVersion: MODEL,
      responseId: 'abc123',
    };
  },
  stream(reply) {
    const { candidates, ...rest } = reply;
    const told = objects(candidates).flatMap((candidate) => candidateChunks(candidate));
    // What was used is told with every chunk, and counts as it stands in the last.
    const chunks = told.length === 0 ? [reply] : told.map((candidate): JsonObject => ({ candidates: [candidate], ...rest }));
    // Google's servers end lines as HTTP does.
    return sse(chunks, false).map((event) => Buffer.from(Buffer.from(event).toString().replaceAll('\n', '\r\n')));
  },
  lines: (bytes) =>
    sseLines(bytes, false).map((event) => {
      const isLast = objects(object(event)['candidates']).every(({ finishReason }) => finishReason !== undefined);
      return line(event, { incidental: isLast ? NOISE : [...NOISE, 'usageMetadata'], silent: SILENT });
    }),
};

function candidateChunks(candidate: JsonObject): JsonObject[] {
  const { content, finishReason, index = 0, ...rest } = candidate;
  const parts = objects(object(content)['parts']).flatMap((part) => partPieces(part));
  return [
    ...parts.map((part): JsonObject => ({ content: { role: 'model', parts: [part] }, index })),
    { content: { role: 'model', parts: [{ text: '' }] }, finishReason: finishReason ?? null, ...rest, index },
  ];
}

/** Texts come in pieces, all else at once; a signature with the last piece. */
function partPieces(part: JsonObject): JsonObject[] {
  const { text: whole, thoughtSignature, ...more } = part;
  if (typeof whole !== 'string') return [part];
  const told = pieces(text(whole)).map((piece): JsonObject => ({ text: piece, ...more }));
  if (thoughtSignature === undefined) return told;
  const last = told.at(-1) ?? { text: '' };
  return [...told.slice(0, -1), { ...last, thoughtSignature }];
}
