/* Source: docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html, ..._ConverseStream.html; frames: application/vnd.amazon.eventstream. */
import { crc32 } from 'node:zlib';
import { type Json, type JsonObject, line, merge, object, objects, pieces, text, type Wire } from './wire.ts';

const SILENT = ['usage.cacheReadInputTokens', 'usage.cacheWriteInputTokens'];
const NOISE = ['p', 'metrics', 'start.toolUse.toolUseId'];

export const bedrockConverseWire: Wire = {
  model: 'anthropic.claude-sonnet-4-5-20250929-v1:0',
  request: { messages: [{ role: 'user', content: [{ text: 'Hello' }] }], inferenceConfig: { maxTokens: 1_024 } },
  streamed: {},
  hints: (isStreamed) => (isStreamed ? { form: 'converse-stream' } : {}),
  incidental: ['metrics'],
  silent: SILENT,
  reply({ content = [], ...said }) {
    return merge(
      {
        output: { message: { role: 'assistant', content } },
        stopReason: 'end_turn',
        usage: { inputTokens: 10, outputTokens: 5, totalTokens: 15 },
        metrics: { latencyMs: 100 },
      },
      said,
    );
  },
  stream({ output, stopReason = null, usage = null, metrics = null, additionalModelResponseFields: more }) {
    const content = objects(object(object(output)['message'])['content']);
    return [
      frame('messageStart', { role: 'assistant' }),
      ...content.flatMap((block, index) => blockFrames(block, index)),
      frame('messageStop', { stopReason, ...(more === undefined ? {} : { additionalModelResponseFields: more }) }),
      frame('metadata', { usage, metrics }),
    ];
  },
  lines: (bytes) => readFrames(bytes).map(([name, value]) => `${name} ${line(value, { incidental: NOISE, silent: SILENT })}`),
};

function blockFrames(block: JsonObject, index: number): Uint8Array[] {
  const [start, deltas] = openBlock(block);
  return [
    ...(start === undefined ? [] : [frame('contentBlockStart', { start, contentBlockIndex: index })]),
    ...deltas.map((delta) => frame('contentBlockDelta', { delta, contentBlockIndex: index })),
    frame('contentBlockStop', { contentBlockIndex: index }),
  ];
}

/** Texts and thoughts are not opened by a frame of their own. */
function openBlock(block: JsonObject): [JsonObject | undefined, JsonObject[]] {
  const { toolUse, toolResult, image, reasoningContent, citationsContent } = block;
  if (image !== undefined) {
    const { source = {}, ...kind } = object(image);
    return [{ image: kind }, [{ image: { source } }]];
  }
  if (toolResult !== undefined) {
    const { content = [], ...answered } = object(toolResult);
    return [{ toolResult: answered }, [{ toolResult: content }]];
  }
  if (toolUse !== undefined) {
    const { input = {}, ...call } = object(toolUse);
    return [{ toolUse: call }, pieces(JSON.stringify(input)).map((piece) => ({ toolUse: { input: piece } }))];
  }
  if (reasoningContent !== undefined) {
    const { reasoningText, redactedContent } = object(reasoningContent);
    if (redactedContent !== undefined) return [undefined, [{ reasoningContent: { redactedContent } }]];
    const { text: thought, signature } = object(reasoningText);
    const told: JsonObject[] = pieces(text(thought)).map((piece) => ({ reasoningContent: { text: piece } }));
    return [undefined, signature === undefined ? told : [...told, { reasoningContent: { signature } }]];
  }
  if (citationsContent !== undefined) {
    const { content, citations } = object(citationsContent);
    const words = objects(content).flatMap((part) => pieces(text(part['text'])).map((piece) => ({ text: piece })));
    return [undefined, [...words, ...objects(citations).map((citation) => ({ citation }))]];
  }
  return [undefined, pieces(text(block['text'])).map((piece) => ({ text: piece }))];
}

export function frame(event: string, payload: JsonObject, type: 'event' | 'exception' = 'event'): Uint8Array {
  const named: readonly [string, string][] = [
    [type === 'event' ? ':event-type' : ':exception-type', event],
    [':content-type', 'application/json'],
    [':message-type', type],
  ];
  const headers = Buffer.concat(
    named.map(([name, value]) => {
      const length = Buffer.alloc(2);
      length.writeUInt16BE(Buffer.byteLength(value));
      return Buffer.concat([Buffer.from([Buffer.byteLength(name)]), Buffer.from(name), Buffer.from([7]), length, Buffer.from(value)]);
    }),
  );
  const body = Buffer.from(JSON.stringify(payload));
  const prelude = Buffer.alloc(12);
  prelude.writeUInt32BE(16 + headers.length + body.length, 0);
  prelude.writeUInt32BE(headers.length, 4);
  prelude.writeUInt32BE(crc32(prelude.subarray(0, 8)), 8);
  const whole = Buffer.concat([prelude, headers, body]);
  const end = Buffer.alloc(4);
  end.writeUInt32BE(crc32(whole));
  return Buffer.concat([whole, end]);
}

/** Throws where a frame is cut or a checksum does not hold. */
function readFrames(bytes: Uint8Array): [string, Json][] {
  const all = Buffer.from(bytes);
  const frames: [string, Json][] = [];
  for (let at = 0; at < all.length; ) {
    const total = all.readUInt32BE(at);
    const headersLength = all.readUInt32BE(at + 4);
    if (crc32(all.subarray(at, at + 8)) !== all.readUInt32BE(at + 8)) throw new Error('a prelude whose checksum does not hold');
    const end = at + total - 4;
    if (crc32(all.subarray(at, end)) !== all.readUInt32BE(end)) throw new Error('a frame whose checksum does not hold');
    const headers = all.subarray(at + 12, at + 12 + headersLength).toString('latin1');
    const name = /:(?:event|exception)-type\x07..(\w+)/s.exec(headers)?.[1]; // oxlint-disable-line no-control-regex -- the type of a header's value
    if (name === undefined) throw new Error('a frame without a type');
    frames.push([name, JSON.parse(all.subarray(at + 12 + headersLength, end).toString()) as Json]);
    at += total;
  }
  return frames;
}
