import { describe, expect, test } from 'bun:test';
import { GatewayError } from '../../base/errors.ts';
import type { ChatRequest } from '../../operations/chat.ts';
import { gemini } from './gemini.ts';

const { chat, embed, countTokens } = gemini.codecs;
if (chat === undefined || embed === undefined || countTokens === undefined) throw new Error('the codecs are not there');

function decode(body: object, model = 'm'): ChatRequest {
  const bytes = Buffer.from(JSON.stringify(body));
  return chat!.decodeRequest(gemini.decode('chat', bytes, { params: { model }, hasModel: () => true }));
}
const encode = (request: ChatRequest, model: string) =>
  JSON.parse(chat.encodeRequest(request, { model, stream: false, streamUsage: true }).toString()) as Record<string, unknown>;
const user = (...parts: object[]) => ({ role: 'user', parts });
const said = { contents: [user({ text: 'Hello' })] };

describe('a request', () => {
  test('is the same in both spellings of its fields, and what is the caller’s own stays', () => {
    const camel = {
      systemInstruction: { parts: [{ text: 'Be brief.' }] },
      contents: [user({ inlineData: { mimeType: 'image/png', data: 'AAAA' } })],
      tools: [
        { functionDeclarations: [{ name: 'f', parameters: { type: 'OBJECT', properties: { a_b: { type: 'STRING', nullable: true } } } }] },
      ],
      toolConfig: { functionCallingConfig: { mode: 'ANY', allowedFunctionNames: ['f'] } },
      generationConfig: { maxOutputTokens: 9, thinkingConfig: { includeThoughts: true, thinkingBudget: 0 } },
    };
    const snake = {
      system_instruction: { parts: [{ text: 'Be brief.' }] },
      contents: [user({ inline_data: { mime_type: 'image/png', data: 'AAAA' } })],
      tools: [
        { function_declarations: [{ name: 'f', parameters: { type: 'OBJECT', properties: { a_b: { type: 'STRING', nullable: true } } } }] },
      ],
      tool_config: { function_calling_config: { mode: 'ANY', allowed_function_names: ['f'] } },
      generation_config: { max_output_tokens: 9, thinking_config: { include_thoughts: true, thinking_budget: 0 } },
    };
    const request = decode(camel);
    expect(decode(snake)).toEqual(request);
    expect(request).toMatchObject({
      toolChoice: { kind: 'tool', name: 'f' },
      tools: [{ parameters: { type: 'object', properties: { a_b: { type: ['string', 'null'] } } } }],
      reasoning: { shown: true, enabled: false },
      outputTokensMax: 9,
      unread: [],
    });
  });

  test('names what it could not say, each once', () => {
    const body = {
      ...said,
      safetySettings: [{}],
      cachedContent: 'cachedContents/1',
      labels: { a: 'b' },
      generationConfig: { speechConfig: {}, responseModalities: ['TEXT', 'IMAGE'], responseMimeType: 'text/x.enum' },
    };
    expect(decode(body).unread.toSorted((a, b) => a.localeCompare(b))).toEqual([
      'cachedContent',
      'generationConfig.responseMimeType',
      'generationConfig.responseModalities',
      'generationConfig.speechConfig',
      'labels',
      'safetySettings',
    ]);
  });

  test('gives calls without an id the same ids each time, and results to the calls of their names', () => {
    const contents = [
      user({ text: 'Go' }),
      {
        role: 'model',
        parts: [{ functionCall: { name: 'a', args: { n: 1 } } }, { functionCall: { name: 'b' } }, { functionCall: { name: 'a' } }],
      },
      { role: 'function', parts: ['b', 'a', 'a'].map((name) => ({ functionResponse: { name, response: { output: name } } })) },
    ];
    const { messages } = decode({ contents });
    const calls = messages[1]?.parts.map((part) => (part.kind === 'tool-call' ? part.id : ''));
    expect(new Set(calls).size).toBe(3);
    expect(messages[2]).toMatchObject({ role: 'tool', parts: [{ callId: calls?.[1] }, { callId: calls?.[0] }, { callId: calls?.[2] }] });
    expect(decode({ contents }).messages).toEqual(messages);
  });

  test('to a model of the third generation has a signature on the first call of each turn, and a level of thinking', () => {
    const request: ChatRequest = {
      messages: [
        { role: 'user', parts: [{ kind: 'text', text: 'Go' }] },
        { role: 'assistant', parts: ['a', 'b'].map((id) => ({ kind: 'tool-call', id, name: 'f', arguments: '{}' })) },
        { role: 'tool', parts: [{ kind: 'tool-result', callId: 'a', parts: [{ kind: 'text', text: '{"t":1}' }] }] },
        { role: 'tool', parts: [{ kind: 'tool-result', callId: 'b', parts: [{ kind: 'text', text: 'no' }], failed: true }] },
      ],
      reasoning: { effort: 'low' },
      unread: [],
    };
    const third = encode(request, 'gemini-3-flash');
    expect(third['generationConfig']).toEqual({ thinkingConfig: { thinkingLevel: 'LOW' } });
    expect(third['contents']).toMatchObject([
      {},
      { role: 'model', parts: [{ thoughtSignature: 'skip_thought_signature_validator' }, { functionCall: { id: 'b' } }] },
      {
        role: 'user',
        parts: [{ functionResponse: { id: 'a', name: 'f', response: { t: 1 } } }, { functionResponse: { response: { error: 'no' } } }],
      },
    ]);
    const second = encode(request, 'gemini-2.5-flash');
    expect(JSON.stringify(second)).not.toContain('thoughtSignature');
    expect(second['generationConfig']).toEqual({ thinkingConfig: { thinkingBudget: 1_024 } });
    expect(encode(request, 'gemini-2.0-flash')['generationConfig']).toBeUndefined();
  });

  test('of instructions alone asks them', () => {
    const request: ChatRequest = { messages: [{ role: 'system', parts: [{ kind: 'text', text: 'Say hello.' }] }], unread: [] };
    expect(encode(request, 'm')).toEqual({ contents: [{ role: 'user', parts: [{ text: 'Say hello.' }] }] });
  });
});

describe('an answer', () => {
  const text = 'Tea ☕ is good. So is coffee.';
  const candidate = {
    content: { role: 'model', parts: [{ text }, { text: '', thoughtSignature: 'c2lnbmVk' }] },
    finishReason: 'STOP',
    groundingMetadata: {
      webSearchQueries: ['tea'],
      groundingChunks: [{ web: { uri: 'https://a.example', title: 'A' } }],
      groundingSupports: [
        {
          segment: { startIndex: Buffer.byteLength('Tea ☕ is good. '), endIndex: Buffer.byteLength(text) },
          groundingChunkIndices: [0, 7],
        },
      ],
    },
  };
  const reply = { candidates: [candidate], modelVersion: 'm', responseId: 'r', usageMetadata: { promptTokenCount: 1, totalTokenCount: 3 } };

  test('has its sources where they belong, counted in our units, and what they leave out as it stood', () => {
    const { choices } = chat.decodeReply(Buffer.from(JSON.stringify(reply)));
    const citation = { start: 15, end: 28, url: 'https://a.example', title: 'A' };
    expect(choices[0]).toMatchObject({
      finish: 'stop',
      parts: [
        { kind: 'text', text, citations: [citation] },
        { kind: 'reasoning', text: '', sealed: true, signature: { dialect: 'gemini', value: 'c2lnbmVk' } },
        { kind: 'native', dialect: 'gemini', value: { groundingMetadata: candidate.groundingMetadata } },
      ],
    });
    expect(text.slice(citation.start, citation.end)).toBe('So is coffee.');
    const events = chat.createDecoder();
    const told = [...events.push(Buffer.from(`data: ${JSON.stringify(reply)}\n\n`)), ...events.finish()];
    expect(told.filter(({ kind }) => kind === 'citation')).toEqual([{ kind: 'citation', citation, choice: 0, part: 0 }]);
    expect(told.map(({ kind }) => kind).slice(-3)).toEqual(['part-end', 'finish', 'end']);
  });

  test('that says STOP before its last piece goes on', () => {
    const decoder = chat.createDecoder();
    const piece = (part: object) =>
      Buffer.from(`data: ${JSON.stringify({ candidates: [{ finishReason: 'STOP', content: { parts: [part] } }] })}\n\n`);
    const events = [...decoder.push(piece({ text: 'a' })), ...decoder.push(piece({ functionCall: { name: 'f' } })), ...decoder.finish()];
    expect(events.filter(({ kind }) => kind === 'finish' || kind === 'arguments')).toEqual([
      { kind: 'arguments', text: '{}', choice: 0, part: 1 },
      { kind: 'finish', choice: 0, reason: 'tool-calls' },
    ]);
  });
});

describe('an error', () => {
  const classify = (status: number, error: object, isList = false) =>
    gemini.classifyError(status, new Headers(), Buffer.from(JSON.stringify(isList ? [{ error }] : { error })));
  for (const [name, error, code] of [
    [
      'a key that is none',
      classify(400, { message: 'API key not valid.', details: [{ reason: 'API_KEY_INVALID' }] }),
      'upstream_credentials',
    ],
    ['a place that is not served', classify(400, { message: 'User location is not supported for the API use.' }), 'upstream_error'],
    [
      'a prompt that is too long',
      classify(400, { message: 'The input token count (9) exceeds the maximum number of tokens allowed (8).' }),
      'context_length_exceeded',
    ],
    ['a bad request, in a list', classify(400, { message: 'no' }, true), 'request_invalid'],
    ['a model that is not there', classify(404, { message: 'no' }), 'upstream_model_unknown'],
    ['a server that is busy', classify(503, { message: 'no' }), 'upstream_error'],
  ] as const) {
    test(`is understood: ${name}`, () => expect(error.code).toBe(code));
  }

  test('says when to come again', () => {
    const details = [{ '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: '31.5s' }];
    expect(classify(429, { message: 'quota', details }).options.retryAfterMs).toBe(31_500);
    expect(gemini.encodeError(new GatewayError('field_invalid', 'no', { param: 'a' }), 'c')).toMatchObject({ status: 400 });
  });
});

describe('embeddings', () => {
  const ask = (body: object, form: string) =>
    embed.decodeRequest(gemini.decode('embed', Buffer.from(JSON.stringify(body)), { form, params: { model: 'm' }, hasModel: () => true }));
  test('are asked for one by one or together, and say what for', () => {
    const content = { parts: [{ text: 'one' }] };
    expect(ask({ content, task_type: 'RETRIEVAL_QUERY', outputDimensionality: 3 }, 'single')).toMatchObject({
      inputs: ['one'],
      purpose: 'query',
      dimensions: 3,
    });
    expect(ask({ requests: [{ content }, { content }] }, 'batch').inputs).toEqual(['one', 'one']);
    expect(() => ask({ requests: [{ content }, { content, taskType: 'CLUSTERING' }] }, 'batch')).toThrow(GatewayError);
    expect(() => ask({ content: { parts: [{ inlineData: {} }] } }, 'single')).toThrow(GatewayError);
    const body = embed.encodeRequest({ inputs: ['a'], encoding: 'float', unread: [] }, { model: 'e', stream: false, streamUsage: false });
    expect(JSON.parse(body.toString())).toEqual({ requests: [{ model: 'models/e', content: { parts: [{ text: 'a' }] } }] });
  });
});
