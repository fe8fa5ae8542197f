/* Reads the little that we must know of a whole reply: that it is one, its usage, and who answered. */

import { GatewayError } from '../../base/errors.ts';
import { type JsonScan, memberBoolean, memberJson, memberNumber, memberString } from '../../base/json-scan.ts';
import type { Operation } from '../../operations/operation.ts';
import type { Usage } from '../../operations/usage.ts';
import type { ReplyFacts } from '../dialect.ts';
import { scanReply } from '../dialect-body.ts';
import { toldText } from './errors.ts';
import { formOf } from './forms.ts';

/** Throws `upstream_reply_invalid` when the bytes are no reply of this form, and `upstream_error` when they are an error in a 200's clothes. */
export function inspectReply(operation: Operation, bytes: Uint8Array): ReplyFacts {
  const scan = scanReply(bytes);
  const told = scan.get('error');
  if (told !== undefined && told.kind !== 'null') {
    throw new GatewayError('upstream_error', toldText(memberJson(scan, 'error')) ?? 'the upstream reported an error');
  }
  const { answer, tellsDone } = formOf(operation);
  if (scan.get(answer.name)?.kind !== answer.kind)
    throw new GatewayError('upstream_reply_invalid', `the upstream's reply has no '${answer.name}'`);
  if (tellsDone && memberBoolean(scan, 'done') !== true)
    throw new GatewayError('upstream_reply_invalid', "the upstream's reply does not say that it is done");
  const usage = readUsage(scan);
  const model = memberString(scan, 'model');
  return { ...(usage === undefined ? {} : { usage }), ...(model === undefined ? {} : { model }) };
}

/** Usage as the last object of an answer has it. Ollama leaves out counts that are 0, as that of a prompt it had in its cache. */
export function readUsage(scan: JsonScan): Usage | undefined {
  const input = count(scan, 'prompt_eval_count');
  const output = count(scan, 'eval_count');
  if (input === undefined && output === undefined) return undefined;
  return {
    ...(input === undefined ? {} : { inputTokens: input }),
    ...(output === undefined ? {} : { outputTokens: output }),
    totalTokens: (input ?? 0) + (output ?? 0),
  };
}

function count(scan: JsonScan, name: string): number | undefined {
  const value = memberNumber(scan, name);
  return value !== undefined && Number.isInteger(value) && value >= 0 ? value : undefined;
}
