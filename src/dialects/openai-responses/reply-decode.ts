import { GatewayError } from '../../base/errors.ts';
import type { ChatReply } from '../../operations/chat.ts';
import { isRecord } from '../dialect-errors.ts';
import { failureOf } from './errors.ts';
import { readFinish, readOutput } from './output.ts';
import { textOf } from './unread.ts';
import { readUsage } from './usage.ts';

/** A whole response in our words; throws `upstream_reply_invalid`, or what the response's own error means. */
export function decodeReply(bytes: Uint8Array): ChatReply {
  const response = parseReply(bytes);
  const { output, error, status } = response;
  if (isRecord(error)) throw asReplyError(failureOf(response));
  if (!Array.isArray(output)) throw new GatewayError('upstream_reply_invalid', "the upstream's reply has no 'output'");
  if (status === 'queued' || status === 'in_progress')
    throw new GatewayError('upstream_reply_invalid', 'the upstream answered before it had an answer');
  const { parts, logProbabilities } = readOutput(output);
  const finish = readFinish(response, {
    calls: parts.some(({ kind }) => kind === 'tool-call'),
    refused: parts.some(({ kind }) => kind === 'refusal'),
  });
  const choice = { parts, finish, ...(logProbabilities.length === 0 ? {} : { logProbabilities }) };
  const usage = readUsage(response['usage']);
  const serviceTier = textOf(response['service_tier']);
  return {
    ...frameOf(response),
    choices: [choice],
    ...(usage === undefined ? {} : { usage }),
    ...(serviceTier === undefined ? {} : { serviceTier }),
  };
}

/** What a response says of itself at its beginning. */
export function frameOf(response: Readonly<Record<string, unknown>>): Pick<ChatReply, 'id' | 'model' | 'createdAtMs'> {
  const id = textOf(response['id']);
  const model = textOf(response['model']);
  const created = response['created_at'];
  return {
    ...(id === undefined ? {} : { id }),
    ...(model === undefined ? {} : { model }),
    ...(typeof created === 'number' && Number.isFinite(created) ? { createdAtMs: created * 1_000 } : {}),
  };
}

/** An object of JSON; throws `upstream_reply_invalid`. */
export function parseReply(bytes: Uint8Array): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(decoder.decode(bytes));
  } catch (cause) {
    throw new GatewayError('upstream_reply_invalid', "the upstream's reply is no valid JSON", { cause });
  }
  if (!isRecord(value)) throw new GatewayError('upstream_reply_invalid', "the upstream's reply is no object");
  return value;
}

/** Outside a stream there is nothing to interrupt. */
function asReplyError(error: GatewayError): GatewayError {
  return error.code === 'upstream_stream_interrupted' ? new GatewayError('upstream_error', error.message, error.options) : error;
}

const decoder = new TextDecoder('utf-8', { fatal: true });
