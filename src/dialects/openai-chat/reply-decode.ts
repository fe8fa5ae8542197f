/* A whole chat completion in our words. Kin of OpenAI leave out much and add much: what is there is read, and only an answer without choices is none. */

import { GatewayError } from '../../base/errors.ts';
import type { ChatChoice, ChatPart, ChatReply, Citation, FinishReason, TokenLogProbability } from '../../operations/chat.ts';
import { scanReply } from '../dialect-body.ts';
import { createCallId } from '../dialect-call-id.ts';
import { isRecord } from '../dialect-errors.ts';
import { readUrl } from '../dialect-media.ts';
import { OPENAI_CHAT } from './dialect-name.ts';
import { errorFields } from './errors.ts';
import { listedThought, readThoughts, readToolSignature } from './thoughts.ts';
import { readUsage } from './usage.ts';

type Json = Readonly<Record<string, unknown>>;

/** Throws `upstream_reply_invalid`, and `upstream_error` for an error in a 200's clothes. */
export function decodeChatReply(bytes: Uint8Array): ChatReply {
  const body = parseReply(bytes);
  const choices = listOf(body['choices'])
    .filter(isRecord)
    .toSorted((a, b) => indexOf(a) - indexOf(b));
  if (choices.length === 0) throw new GatewayError('upstream_reply_invalid', "the upstream's reply has no 'choices'");
  const { id, model, created, service_tier: serviceTier } = body;
  const usage = readUsage(body['usage']);
  return {
    ...(typeof id === 'string' && id !== '' ? { id } : {}),
    ...(typeof model === 'string' && model !== '' ? { model } : {}),
    ...(typeof created === 'number' && Number.isSafeInteger(created * 1_000) ? { createdAtMs: created * 1_000 } : {}),
    choices: choices.map(readChoice),
    ...(usage === undefined ? {} : { usage }),
    ...(typeof serviceTier === 'string' ? { serviceTier } : {}),
  };
}

/** The object of a whole reply that is no error. */
export function parseReply(bytes: Uint8Array): Json {
  scanReply(bytes);
  const body: unknown = JSON.parse(new TextDecoder().decode(bytes));
  if (!isRecord(body)) throw new GatewayError('upstream_reply_invalid', "the upstream's reply is no object");
  if (body['error'] !== undefined && body['error'] !== null)
    throw new GatewayError('upstream_error', errorFields(body)?.message ?? 'the upstream reported an error');
  return body;
}

function indexOf(choice: Json): number {
  return typeof choice['index'] === 'number' ? choice['index'] : 0;
}

function readChoice(choice: Json): ChatChoice {
  const message = isRecord(choice['message']) ? choice['message'] : {};
  const parts = readMessage(message);
  const stopSequence = stopSequenceOf(choice);
  const finish = readFinish(
    choice['finish_reason'],
    parts.map(({ kind }) => kind),
  );
  const logProbabilities = readProbabilities(choice['logprobs']);
  return {
    parts,
    finish: finish === 'stop' && typeof stopSequence === 'string' ? 'stop-sequence' : finish,
    ...(finish === 'stop' && typeof stopSequence === 'string' ? { stopSequence } : {}),
    ...(logProbabilities.length === 0 ? {} : { logProbabilities }),
  };
}

/** The text that ended it: vLLM's name for it, and SGLang's. A token that ended it is a number in the same place. */
export function stopSequenceOf(choice: Json): unknown {
  return choice['stop_reason'] ?? choice['matched_stop'];
}

const FINISHES: Readonly<Record<string, FinishReason>> = {
  stop: 'stop',
  eos: 'stop',
  eos_token: 'stop',
  stop_sequence: 'stop',
  model_length: 'context-length',
  length: 'length',
  max_tokens: 'length',
  tool_calls: 'tool-calls',
  function_call: 'tool-calls',
  content_filter: 'content-filter',
};

/** Some servers call it `stop` when they have called a tool. A refusal is OpenAI's word beside `stop`. */
export function readFinish(reason: unknown, kinds: readonly ChatPart['kind'][]): FinishReason {
  const finish = typeof reason === 'string' && Object.hasOwn(FINISHES, reason) ? (FINISHES[reason] ?? 'other') : 'other';
  if (finish !== 'stop') return finish;
  if (kinds.includes('tool-call')) return 'tool-calls';
  return kinds.includes('refusal') ? 'refusal' : 'stop';
}

function readMessage(message: Json): readonly ChatPart[] {
  const parts: ChatPart[] = [...readThoughts(message)];
  const { content, refusal } = message;
  const citations = readCitations(message['annotations'], 0);
  if (typeof content === 'string') {
    if (content !== '') parts.push({ kind: 'text', text: content, ...(citations.length === 0 ? {} : { citations }) });
  } else parts.push(...readContent(content));
  if (typeof refusal === 'string' && refusal !== '') parts.push({ kind: 'refusal', text: refusal });
  parts.push(...readImages(message['images']));
  const audio = readAudio(message['audio']);
  if (audio !== undefined) parts.push(audio);
  for (const call of listOf(message['tool_calls'])) if (isRecord(call)) parts.push(...readCall(call));
  const older = message['function_call'];
  if (isRecord(older)) parts.push(...readCall({ function: older }));
  return parts;
}

/** Some servers answer with a list of parts where there are thoughts. */
function readContent(content: unknown): ChatPart[] {
  return listOf(content).flatMap((part: unknown): ChatPart[] => {
    if (!isRecord(part)) return [];
    if (typeof part['text'] === 'string') return part['text'] === '' ? [] : [{ kind: 'text', text: part['text'] }];
    const words = listedThought(part);
    return words === '' ? [] : [{ kind: 'reasoning', text: words }];
  });
}

/** Images as OpenRouter's models answer them. */
export function readImages(images: unknown): ChatPart[] {
  return listOf(images).flatMap((image: unknown): ChatPart[] => {
    const inner = isRecord(image) ? image['image_url'] : undefined;
    const url = isRecord(inner) ? inner['url'] : inner;
    return typeof url === 'string' && url !== '' ? [{ kind: 'image', source: readUrl(url, 'image/png') }] : [];
  });
}

function readAudio(audio: unknown): ChatPart | undefined {
  if (!isRecord(audio) || typeof audio['data'] !== 'string') return undefined;
  const { data, transcript } = audio;
  return {
    kind: 'audio',
    source: { kind: 'data', media: 'audio/wav', base64: data },
    ...(typeof transcript === 'string' ? { transcript } : {}),
  };
}

function readCall(call: Json): ChatPart[] {
  const isCustom = isRecord(call['custom']);
  const named = isCustom ? call['custom'] : call['function'];
  if (!isRecord(named) || typeof named['name'] !== 'string' || named['name'] === '') return [];
  const id = typeof call['id'] === 'string' && call['id'] !== '' ? call['id'] : createCallId();
  const signature = readToolSignature(call['extra_content']);
  const written = isCustom ? named['input'] : named['arguments'];
  return [
    {
      kind: 'tool-call',
      id,
      name: named['name'],
      arguments: typeof written === 'string' ? written : isRecord(written) ? JSON.stringify(written) : '',
      ...(isCustom ? { custom: true as const } : {}),
      ...(signature === undefined ? {} : { signature }),
    },
  ];
}

/** `offset`: where in the whole text the part begins that they are about. */
export function readCitations(annotations: unknown, offset: number): readonly Citation[] {
  return listOf(annotations).flatMap((annotation: unknown): Citation[] => {
    const cited = isRecord(annotation) ? annotation['url_citation'] : undefined;
    if (!isRecord(cited) || typeof cited['url'] !== 'string') return [];
    const { url, title, content, start_index: start, end_index: end } = cited;
    const isPlaced = typeof start === 'number' && typeof end === 'number' && start >= offset && end > start;
    return [
      {
        url,
        ...(typeof title === 'string' && title !== '' ? { title } : {}),
        ...(typeof content === 'string' && content !== '' ? { citedText: content } : {}),
        ...(isPlaced ? { start: start - offset, end: end - offset } : {}),
        native: { dialect: OPENAI_CHAT, value: annotation },
      },
    ];
  });
}

export function readProbabilities(logprobs: unknown): readonly TokenLogProbability[] {
  return listOf(isRecord(logprobs) ? logprobs['content'] : undefined).flatMap((row: unknown): TokenLogProbability[] => {
    const told = tokenOf(row);
    if (told === undefined || !isRecord(row)) return [];
    return [{ ...told, top: listOf(row['top_logprobs']).flatMap((other) => tokenOf(other) ?? []) }];
  });
}

function tokenOf(row: unknown): Omit<TokenLogProbability, 'top'> | undefined {
  if (!isRecord(row) || typeof row['token'] !== 'string' || typeof row['logprob'] !== 'number') return undefined;
  const { token, logprob, bytes } = row;
  const isBytes = Array.isArray(bytes) && bytes.every((byte: unknown) => typeof byte === 'number');
  return { token, logProbability: logprob, ...(isBytes ? { bytes } : {}) };
}

export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
