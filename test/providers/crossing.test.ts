/*
 * The recorded streams through a real gateway to a caller of another dialect, read by its vendor's own client: what each provider says arrives, and is counted.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { DIALECTS_BY_NAME } from '../../src/dialects/registry.ts';
import type { FinishReason } from '../../src/operations/chat.ts';
import { type GatewayProcess, startGateway } from '../harness/gateway.ts';
import type { Told } from './provider-row.ts';
import { type RecordedAnswer, type Recorder, startRecorder } from './recorder.ts';
import { ROWS, streamOf } from './rows.ts';

const KEY = 'sk-crossing-0000000000';
const CASES = Object.entries(ROWS).flatMap(([type, row]) =>
  row.recordings.map((recording, index) => ({ type, row, recording, name: `${type}-${index}` })),
);

let recorder: Recorder;
let gateway: GatewayProcess;

beforeAll(async () => {
  const answers = new Map<string, RecordedAnswer>();
  for (const { name, recording } of CASES) {
    const contentType = DIALECTS_BY_NAME.get(recording.dialect)?.streamType({ kind: 'chat', stream: true }).header ?? '';
    answers.set(name, { contentType, bytes: await streamOf(recording) });
  }
  recorder = startRecorder((path) => answers.get(path.split('/')[1] ?? ''));
  gateway = await startGateway({
    config: {
      auth: { keys: [{ name: 'client', key: KEY }] },
      limits: { mode: 'off' },
      providers: Object.fromEntries(
        CASES.map(({ type, row, recording, name }) => [
          name,
          {
            type,
            api_key: 'any-key',
            base_url: `${recorder.url}/${name}/v1`,
            dialects: [recording.dialect],
            ...row.places,
            ...row.settings,
          },
        ]),
      ),
    },
  });
});
afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]();
  await recorder?.[Symbol.asyncDispose]();
});

type Heard = Omit<Told, 'model' | 'finish' | 'thoughts' | 'stopSequence'> & { readonly finish: string | null };

const FINISHES_OF_ANTHROPIC: Readonly<Partial<Record<FinishReason, string>>> = {
  stop: 'end_turn',
  'stop-sequence': 'stop_sequence',
  'tool-calls': 'tool_use',
  length: 'max_tokens',
};
const FINISHES_OF_OPENAI: Readonly<Partial<Record<FinishReason, string>>> = {
  stop: 'stop',
  'stop-sequence': 'stop',
  'tool-calls': 'tool_calls',
  length: 'length',
};

async function byAnthropic(model: string): Promise<Heard> {
  const client = new Anthropic({ baseURL: gateway.url, apiKey: KEY, maxRetries: 0 });
  const { content, usage, stop_reason } = await client.messages
    .stream({ model, max_tokens: 1_000, messages: [{ role: 'user', content: 'Hello' }] })
    .finalMessage();
  const cached = usage.cache_read_input_tokens ?? 0;
  return {
    text: content.map((block) => (block.type === 'text' ? block.text : '')).join(''),
    calls: content.flatMap((block) =>
      block.type === 'tool_use' ? [{ id: block.id, name: block.name, arguments: JSON.stringify(block.input) }] : [],
    ),
    finish: stop_reason,
    usage: { inputTokens: usage.input_tokens + cached + (usage.cache_creation_input_tokens ?? 0), outputTokens: usage.output_tokens },
  };
}

async function byOpenAi(model: string): Promise<Heard> {
  const client = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: KEY, maxRetries: 0 });
  const { choices, usage } = await client.chat.completions
    .stream({ model, messages: [{ role: 'user', content: 'Hello' }], stream_options: { include_usage: true } })
    .finalChatCompletion();
  const { message, finish_reason } = choices[0] ?? {};
  return {
    text: message?.content ?? '',
    calls: (message?.tool_calls ?? []).flatMap((call) =>
      call.type === 'function'
        ? [{ id: call.id, name: call.function.name, arguments: JSON.stringify(JSON.parse(call.function.arguments)) }]
        : [],
    ),
    finish: finish_reason ?? null,
    usage: { inputTokens: usage?.prompt_tokens ?? 0, outputTokens: usage?.completion_tokens ?? 0 },
  };
}

for (const { name, recording } of CASES) {
  const { dialect, file, told } = recording;
  // A client of another dialect than the one that the stream is in.
  const [client, finishes, hear] =
    dialect === 'anthropic-messages'
      ? (['openai', FINISHES_OF_OPENAI, byOpenAi] as const)
      : (['@anthropic-ai/sdk', FINISHES_OF_ANTHROPIC, byAnthropic] as const);
  describe(name, () => {
    test(`${file} is read by ${client}`, async () => {
      const heard = await hear(`${name}/any-model`);
      expect(heard.text).toBe(told.text ?? '');
      expect(heard.calls).toEqual(
        (told.calls ?? []).map((call) => ({
          ...call,
          id: call.id ?? (expect.stringMatching(/.+/) as unknown as string),
          arguments: JSON.stringify(JSON.parse(call.arguments)),
        })),
      );
      expect(heard.finish).toBe(finishes[told.finish] ?? null);
      expect(heard.usage).toEqual({ inputTokens: told.usage?.inputTokens ?? 0, outputTokens: told.usage?.outputTokens ?? 0 });
    });
  });
}
