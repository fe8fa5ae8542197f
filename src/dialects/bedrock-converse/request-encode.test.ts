/* What each family of models is told, and the rules of a conversation that are wider elsewhere. */
import { describe, expect, test } from 'bun:test';
import type { ChatMessage, ChatRequest } from '../../operations/chat.ts';
import { encodeChat } from './request-encode.ts';

const say = (text: string): ChatMessage => ({ role: 'user', parts: [{ kind: 'text', text }] });
const CLAUDE = 'eu.anthropic.claude-sonnet-4-5-20250929-v1:0';

interface Block {
  readonly toolUse?: { readonly toolUseId: string };
  readonly [member: string]: unknown;
}

interface Sent {
  readonly messages: readonly { readonly role: string; readonly content: readonly Block[] }[];
  readonly toolConfig?: { readonly tools: readonly unknown[]; readonly toolChoice?: unknown };
  readonly [member: string]: unknown;
}

function body(request: Partial<ChatRequest>, model = CLAUDE): Sent {
  const bytes = encodeChat({ messages: [say('Hello')], unread: [], ...request }, { model, stream: false, streamUsage: true });
  return JSON.parse(new TextDecoder().decode(bytes)) as Sent;
}

describe('thinking and sampling', () => {
  for (const { name, model, request, want } of [
    {
      name: 'a Claude of budgets is given one, and no temperature beside it',
      model: CLAUDE,
      request: { reasoning: { effort: 'low' as const }, outputTokensMax: 8_000, temperature: 0.5, topK: 5 },
      want: {
        inferenceConfig: { maxTokens: 8_000 },
        additionalModelRequestFields: { thinking: { type: 'enabled', budget_tokens: 2_048 } },
      },
    },
    {
      name: 'an adaptive Claude is given an effort',
      model: 'global.anthropic.claude-opus-4-7-v1',
      request: { reasoning: { effort: 'high' as const }, temperature: 0.5 },
      want: { additionalModelRequestFields: { thinking: { type: 'adaptive' } }, outputConfig: { effort: 'high' } },
    },
    {
      name: 'a Nova that reasons is given an effort, and at the highest no sampling',
      model: 'us.amazon.nova-2-lite-v1:0',
      request: { reasoning: { effort: 'high' as const }, temperature: 0.5 },
      want: { additionalModelRequestFields: { reasoningConfig: { type: 'enabled', maxReasoningEffort: 'high' } } },
    },
    {
      name: 'a Nova keeps its length rather than the highest effort',
      model: 'us.amazon.nova-2-lite-v1:0',
      request: { reasoning: { effort: 'max' as const }, outputTokensMax: 100 },
      want: {
        inferenceConfig: { maxTokens: 100 },
        additionalModelRequestFields: { reasoningConfig: { type: 'enabled', maxReasoningEffort: 'medium' } },
      },
    },
    {
      name: 'an older Nova is told nothing of reasoning, and top_k in its own place',
      model: 'amazon.nova-pro-v1:0',
      request: { reasoning: { effort: 'high' as const }, topK: 20, temperature: 1.7 },
      want: { inferenceConfig: { temperature: 1 }, additionalModelRequestFields: { inferenceConfig: { topK: 20 } } },
    },
    {
      name: 'gpt-oss is given OpenAI’s word',
      model: 'openai.gpt-oss-120b-1:0',
      request: { reasoning: { budget: 3_000 } },
      want: { additionalModelRequestFields: { reasoning_effort: 'medium' } },
    },
    {
      name: 'others are told nothing',
      model: 'meta.llama4-scout-17b-instruct-v1:0',
      request: { reasoning: { effort: 'high' as const }, topK: 3 },
      want: {},
    },
  ])
    test(name, () => {
      const { messages: _messages, ...settings } = body(request, model);
      expect(settings).toEqual(want);
    });
});

describe('a conversation', () => {
  test('begins with the user, takes turns, and has its results first', () => {
    const call = (id: string) => ({ kind: 'tool-call' as const, id, name: 'look', arguments: '{"a":1}' });
    const { messages, toolConfig } = body({
      messages: [
        { role: 'assistant', parts: [call('a/1'), call('a/1')] },
        say('wait'),
        { role: 'tool', parts: [{ kind: 'tool-result', callId: 'a/1', parts: [{ kind: 'text', text: 'done' }] }] },
        say('now'),
      ],
    });
    expect(messages.map(({ role }) => role)).toEqual(['user', 'assistant', 'user']);
    const [first, second] = messages[1]?.content ?? [];
    expect(first?.toolUse?.toolUseId).toMatch(/^a_1_[0-9a-z]+$/);
    expect(second?.toolUse?.toolUseId).not.toBe(first?.toolUse?.toolUseId ?? '');
    expect(Object.keys(messages[2]?.content[0] ?? {})).toEqual(['toolResult']);
    expect(messages[2]?.content.slice(1)).toEqual([{ text: 'wait' }, { text: 'now' }]);
    expect(toolConfig?.tools).toEqual([{ toolSpec: { name: 'look', inputSchema: { json: { type: 'object', properties: {} } } } }]);
  });

  test('leaves out tools that may not be called, and says so in words where they were', () => {
    const tools = [{ kind: 'function' as const, name: 'look', parameters: { type: 'object', properties: {} } }];
    expect(body({ tools, toolChoice: { kind: 'none' } }).toolConfig).toBeUndefined();
    const called: ChatMessage[] = [
      say('look'),
      { role: 'assistant', parts: [{ kind: 'tool-call', id: '1', name: 'look', arguments: '{}' }] },
      { role: 'tool', parts: [{ kind: 'tool-result', callId: '1', parts: [] }] },
    ];
    const { toolConfig, system } = body({ messages: called, tools, toolChoice: { kind: 'none' } });
    expect(toolConfig?.tools).toHaveLength(1);
    expect(toolConfig?.toolChoice).toBeUndefined();
    expect(system).toEqual([{ text: 'Do not call any tool. Answer in text.' }]);
  });

  test('names each document once, gives it a text, and marks it only where that is taken', () => {
    const file = (media: string, name: string) => ({
      kind: 'file' as const,
      source: { kind: 'data' as const, media, base64: 'AAAA' },
      name,
      cache: {},
    });
    const { messages } = body({
      messages: [{ role: 'user', parts: [file('application/pdf', 'A/b.pdf'), file('text/markdown', 'a b PDF')] }],
    });
    expect(messages[0]?.content).toEqual([
      { text: 'See the document.' },
      { document: { format: 'pdf', name: 'A b pdf', source: { bytes: 'AAAA' } } },
      { cachePoint: { type: 'default' } },
      { document: { format: 'md', name: 'a b PDF 2', source: { bytes: 'AAAA' } } },
    ]);
  });

  test('goes on from the assistant’s words where the model can, and asks to go on where it can’t', () => {
    const messages: ChatMessage[] = [say('Count'), { role: 'assistant', parts: [{ kind: 'text', text: 'One, two,  ' }] }];
    expect(body({ messages }).messages.at(-1)).toEqual({ role: 'assistant', content: [{ text: 'One, two,' }] });
    expect(body({ messages }, 'anthropic.claude-opus-4-7-v1').messages.at(-1)).toEqual({ role: 'user', content: [{ text: 'Go on.' }] });
    expect(body({ messages }, 'mistral.mistral-large-2407-v1:0').messages.at(-1)).toEqual({ role: 'user', content: [{ text: 'Go on.' }] });
  });

  test('sends thoughts that nobody signed to whom they can be sent', () => {
    const messages: ChatMessage[] = [
      say('Hello'),
      {
        role: 'assistant',
        parts: [
          { kind: 'reasoning', text: 'Hm.' },
          { kind: 'text', text: 'Hi' },
        ],
      },
      say('And?'),
    ];
    expect(body({ messages }).messages[1]?.content).toEqual([{ text: 'Hi' }]);
    expect(body({ messages }, 'deepseek.r1-v1:0').messages[1]?.content[0]).toEqual({
      reasoningContent: { reasoningText: { text: 'Hm.' } },
    });
  });
});
