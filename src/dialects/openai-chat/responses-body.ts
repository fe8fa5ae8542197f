/*
 * Bodies in the shape of the Responses API at the address of chat completions: Cursor sends them for some models, and reads the answer as a chat completion.
 * They are put into the shape of the address; what is not known to differ stays as it is.
 * Source: platform.openai.com/docs/guides/migrate-to-responses, which lists the differences.
 */

import type { JsonScan } from '../../base/json-scan.ts';
import { isRecord } from '../dialect-errors.ts';
import { invalid } from '../dialect-request.ts';

type Json = Record<string, unknown>;

/** `input` is nothing that a chat completion has. */
export function isResponsesBody(scan: JsonScan): boolean {
  return scan.get('input') !== undefined && scan.get('messages') === undefined;
}

/** The same request as a chat completion. Throws `request_invalid`. The scan is of a whole body that `isResponsesBody` has found to be one. */
export function toChatBody(scan: JsonScan): Uint8Array {
  const { input, instructions, tools, tool_choice, text, reasoning, max_output_tokens, ...rest } = JSON.parse(
    decoder.decode(scan.bytes),
  ) as Json;
  // They say how the vendor keeps and shows its own answers.
  for (const name of ['include', 'previous_response_id', 'truncation', 'background', 'conversation', 'prompt']) delete rest[name];
  const system = typeof instructions === 'string' && instructions !== '' ? [{ role: 'system', content: instructions }] : [];
  const format = isRecord(text) && isRecord(text['format']) ? writeFormat(text['format']) : undefined;
  const effort = isRecord(reasoning) ? reasoning['effort'] : undefined;
  const body = {
    ...rest,
    messages: [...system, ...readInput(input)],
    ...(Array.isArray(tools) ? { tools: tools.map(nestTool) } : {}),
    ...(tool_choice === undefined ? {} : { tool_choice: nestChoice(tool_choice) }),
    ...(format === undefined ? {} : { response_format: format }),
    ...(isRecord(text) && text['verbosity'] !== undefined ? { verbosity: text['verbosity'] } : {}),
    ...(effort === undefined ? {} : { reasoning_effort: effort }),
    ...(max_output_tokens === undefined ? {} : { max_completion_tokens: max_output_tokens }),
  };
  return Buffer.from(JSON.stringify(body));
}

function readInput(input: unknown): readonly Json[] {
  if (typeof input === 'string') return [{ role: 'user', content: input }];
  if (!Array.isArray(input)) throw invalid('input', "'input' must be a text or an array of items");
  const messages: Json[] = [];
  for (const [index, item] of input.entries()) {
    if (!isRecord(item)) throw invalid(`input[${index}]`, `'input[${index}]' must be an object`);
    takeItem(item, messages);
  }
  if (messages.length === 0) throw invalid('input', "'input' must hold at least one message");
  return messages;
}

function takeItem(item: Json, messages: Json[]): void {
  switch (item['type']) {
    case 'function_call':
      addCall(messages, { id: item['call_id'], type: 'function', function: { name: item['name'], arguments: item['arguments'] } });
      return;
    case 'custom_tool_call':
      addCall(messages, { id: item['call_id'], type: 'custom', custom: { name: item['name'], input: item['input'] } });
      return;
    case 'function_call_output':
    case 'custom_tool_call_output':
      messages.push({ role: 'tool', tool_call_id: item['call_id'], content: writeOutput(item['output']) });
      return;
    default:
      // Its own thoughts mean nothing to another address, and references lead to nothing there.
      if (typeof item['role'] === 'string') messages.push({ role: item['role'], content: nestContent(item['content']) });
  }
}

/** Calls of one turn are items beside it; here they are in the assistant's message. */
function addCall(messages: Json[], call: Json): void {
  const last = messages.at(-1);
  if (last?.['role'] === 'assistant') {
    last['tool_calls'] = [...(Array.isArray(last['tool_calls']) ? (last['tool_calls'] as unknown[]) : []), call];
    return;
  }
  messages.push({ role: 'assistant', content: null, tool_calls: [call] });
}

function writeOutput(output: unknown): unknown {
  if (typeof output === 'string' || Array.isArray(output)) return nestContent(output);
  return JSON.stringify(output ?? '');
}

function nestContent(content: unknown): unknown {
  if (!Array.isArray(content)) return content;
  return content.map((part: unknown) => {
    if (!isRecord(part)) return part;
    const { type, text, image_url, detail, file_data, file_id, filename } = part;
    if (type === 'input_text' || type === 'output_text') return { type: 'text', text };
    if (type === 'input_image') return { type: 'image_url', image_url: { url: image_url, detail } };
    if (type === 'input_file') return { type: 'file', file: { file_data, file_id, filename } };
    return part;
  });
}

/** Flat tools, and those that are nested already. */
function nestTool(tool: unknown): unknown {
  if (!isRecord(tool)) return tool;
  const { type, ...rest } = tool;
  if (type === 'function' && rest['function'] === undefined) return { type, function: rest };
  if (type === 'custom' && rest['custom'] === undefined) return { type, custom: rest };
  return tool;
}

function nestChoice(choice: unknown): unknown {
  if (!isRecord(choice)) return choice;
  const { type, ...rest } = choice;
  if (type === 'function' && rest['function'] === undefined) return { type, function: rest };
  if (type === 'custom' && rest['custom'] === undefined) return { type, custom: rest };
  if (type === 'allowed_tools' && Array.isArray(rest['tools']))
    return { type, allowed_tools: { mode: rest['mode'], tools: rest['tools'].map(nestTool) } };
  return choice;
}

function writeFormat({ type, ...rest }: Json): Json | undefined {
  if (type === 'json_schema') return { type, json_schema: rest };
  return type === 'json_object' ? { type } : undefined;
}

const decoder = new TextDecoder();
