/*
 * A session as Codex has it, in front of every dialect: over HTTP with the whole conversation in each request and nothing kept, and over a WebSocket that is
 * warmed up and goes on from what came before. Twenty requests and more each, with functions, the freeform `apply_patch` and the vendor's own tools.
 * Source: codex-rs' `client.rs` and `responses_websocket.rs`.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import OpenAI from 'openai';
import type {
  Response as Answer,
  ResponseCreateParamsStreaming,
  ResponseInput,
  ResponseStreamEvent,
} from 'openai/resources/responses/responses';
import { rejection } from '../harness/rejection.ts';
import { type AgentStage, KEY, namesIn, startAgentStage, TARGET_DIALECTS } from './stage.ts';

let stage: AgentStage;
let client: OpenAI;

beforeAll(async () => {
  stage = await startAgentStage();
  client = new OpenAI({
    baseURL: `${stage.gateway.url}/v1`,
    apiKey: KEY,
    maxRetries: 0,
    defaultHeaders: { originator: 'codex_cli_rs', session_id: '1f0c9c5e-0000-4000-8000-000000000000' },
  });
});
afterAll(() => stage?.[Symbol.asyncDispose]());

const GRAMMAR = 'start: begin_patch hunk+ end_patch\nbegin_patch: "*** Begin Patch" LF\nend_patch: "*** End Patch" LF?';

const TOOLS: NonNullable<ResponseCreateParamsStreaming['tools']> = [
  {
    type: 'function',
    name: 'shell',
    description: 'Runs a shell command and returns its output.',
    strict: false,
    parameters: {
      type: 'object',
      properties: {
        command: { type: 'array', items: { type: 'string' } },
        workdir: { type: 'string' },
        timeout_ms: { type: 'number' },
      },
      required: ['command'],
      additionalProperties: false,
    },
  },
  {
    type: 'custom',
    name: 'apply_patch',
    description: 'Use this to edit files. This is a FREEFORM tool, so do not wrap the patch in JSON.',
    format: { type: 'grammar', syntax: 'lark', definition: GRAMMAR },
  },
  { type: 'local_shell' },
  { type: 'web_search' },
];

type Asked = Omit<ResponseCreateParamsStreaming, 'stream'>;

function request(model: string, input: ResponseInput): Asked {
  return {
    model,
    input,
    instructions: 'You are Codex, a coding agent. '.repeat(200),
    tools: TOOLS,
    tool_choice: 'auto',
    parallel_tool_calls: true,
    reasoning: { effort: 'medium', summary: 'auto' },
    include: ['reasoning.encrypted_content'],
    store: false,
    prompt_cache_key: '1f0c9c5e',
    text: { verbosity: 'low' },
  };
}

/** The agent's own items before the conversation. */
const PREAMBLE: ResponseInput = [
  { type: 'message', role: 'developer', content: [{ type: 'input_text', text: '<permissions>workspace-write</permissions>' }] },
  { type: 'message', role: 'user', content: [{ type: 'input_text', text: '<environment_context><cwd>/repo</cwd></environment_context>' }] },
];

const userSays = (text: string): ResponseInput[number] => ({ type: 'message', role: 'user', content: [{ type: 'input_text', text }] });

/** What the agent puts together from events, as it does: whole items, and the text of a custom call as it comes. */
interface Turn {
  readonly answer: Answer;
  readonly patches: readonly string[];
}

function turnOf(events: readonly ResponseStreamEvent[]): Turn {
  const last = events.at(-1);
  if (last?.type !== 'response.completed') throw new Error(`ended with ${JSON.stringify(last)}`);
  expect(events.map((event) => event.sequence_number)).toEqual(events.map((_event, index) => index));
  const items = events.flatMap((event) => (event.type === 'response.output_item.done' ? [event.item] : []));
  expect(items).toEqual(last.response.output);
  const pieces = new Map<string, string>();
  for (const event of events)
    if (event.type === 'response.custom_tool_call_input.delta') pieces.set(event.item_id, (pieces.get(event.item_id) ?? '') + event.delta);
  const customs = items.flatMap((item) => (item.type === 'custom_tool_call' ? [item] : []));
  for (const { id, input } of customs) expect(pieces.get(id ?? '')).toBe(input);
  return { answer: last.response, patches: customs.map(({ input }) => input) };
}

/** What the tools of the agent gave for all calls of an answer. */
function outputsOf({ output }: Answer, round: number): ResponseInput {
  return output.flatMap((item): ResponseInput => {
    if (item.type === 'function_call')
      return [
        {
          type: 'function_call_output',
          call_id: item.call_id,
          output: JSON.stringify({ output: `größe ${round}\n`, metadata: { exit_code: round % 3 } }),
        },
      ];
    if (item.type === 'custom_tool_call')
      return [{ type: 'custom_tool_call_output', call_id: item.call_id, output: `Success. Updated ${round} files.` }];
    return [];
  });
}

function callsOf({ output }: Answer): readonly (readonly [string, string])[] {
  return output.flatMap((item) =>
    item.type === 'function_call' || item.type === 'custom_tool_call' ? [[item.type, item.name] as const] : [],
  );
}

const CALLS = [
  ['function_call', 'shell'],
  ['custom_tool_call', 'apply_patch'],
] as const;

describe.each(TARGET_DIALECTS)('in front of %s', (dialect) => {
  const model = `claude-on-${dialect}`;

  test('a session over HTTP works, and says what is lost', async () => {
    const input: ResponseInput = [...PREAMBLE];
    let headers = new Headers();
    const ask = async (): Promise<Turn> => {
      const { data, response } = await client.responses.create({ ...request(model, input), stream: true }).withResponse();
      headers = response.headers;
      const events: ResponseStreamEvent[] = [];
      for await (const event of data) events.push(event);
      const turn = turnOf(events);
      input.push(...turn.answer.output.map((item) => item as ResponseInput[number]));
      return turn;
    };
    for (let round = 0; round < 10; round += 1) {
      input.push(userSays(`Round ${round}: use shell and apply_patch.`));
      const called = await ask();
      expect([round, callsOf(called.answer)]).toEqual([round, CALLS.map((call) => [...call])]);
      // Text, and not JSON around it.
      for (const patch of called.patches) expect(patch).not.toStartWith('{');
      input.push(...outputsOf(called.answer, round));
      const told = await ask();
      expect([round, callsOf(told.answer), told.answer.output_text === '']).toEqual([round, [], false]);
    }
    if (dialect === 'openai-responses') {
      expect(headers.get('x-gatehouse-translated')).toBeNull();
      return;
    }
    expect(headers.get('x-gatehouse-translated')).toBe(`openai-responses>${dialect}`);
    expect(namesIn(headers, 'x-gatehouse-dropped')).toContain('native-tools');
    expect(namesIn(headers, 'x-gatehouse-adapted')).toContain('custom-tools');
  }, 60_000);

  test('a session over a WebSocket works: warmed up, and going on from what came before', async () => {
    const socket = await openSocket();
    const { input: _input, model: _model, ...rest } = request(model, []);
    let previous = turnOf(await socket.ask({ ...rest, model, input: PREAMBLE, generate: false })).answer.id;
    const go = async (input: ResponseInput): Promise<Turn> => {
      // The model is named in the first request alone.
      const turn = turnOf(await socket.ask({ ...rest, input, previous_response_id: previous }));
      previous = turn.answer.id;
      return turn;
    };
    for (let round = 0; round < 10; round += 1) {
      const called = await go([userSays(`Round ${round}: use shell and apply_patch.`)]);
      expect([round, callsOf(called.answer)]).toEqual([round, CALLS.map((call) => [...call])]);
      const told = await go(outputsOf(called.answer, round));
      expect([round, callsOf(told.answer), told.answer.output.some((item) => item.type === 'message')]).toEqual([round, [], true]);
    }
    const sent = (await stage.simulator.requests()).at(-1)?.body ?? '';
    for (const round of [0, 9]) expect(sent).toContain(`Round ${round}: use shell`);
    socket.close();
  }, 60_000);
});

interface AgentSocket {
  ask(body: object): Promise<readonly ResponseStreamEvent[]>;
  close(): void;
}

async function openSocket(): Promise<AgentSocket> {
  const socket = new WebSocket(`${stage.gateway.url.replace('http', 'ws')}/v1/responses`, {
    headers: { authorization: `Bearer ${KEY}`, 'openai-beta': 'responses_websockets=2026-02-06' },
  });
  await new Promise((resolve, reject) => {
    socket.addEventListener('open', resolve, { once: true });
    socket.addEventListener('error', reject, { once: true });
  });
  return {
    ask: (body) =>
      new Promise((resolve, reject) => {
        const events: ResponseStreamEvent[] = [];
        const take = ({ data }: MessageEvent): void => {
          const event = JSON.parse(String(data)) as ResponseStreamEvent;
          events.push(event);
          const isDone = event.type === 'response.completed';
          if (!isDone && event.type !== 'error' && event.type !== 'response.failed') return;
          socket.removeEventListener('message', take);
          if (isDone) resolve(events);
          else reject(new Error(String(data)));
        };
        socket.addEventListener('message', take);
        socket.addEventListener('close', () => reject(new Error('the socket was closed')), { once: true });
        socket.send(JSON.stringify({ type: 'response.create', ...body }));
      }),
    close: () => socket.close(),
  };
}

test('a tool of the vendor that must be called is refused where nobody can call it', async () => {
  const asked = { model: 'claude-on-anthropic-messages', input: 'What is new?', tools: TOOLS };
  expect(await rejection(client.responses.create({ ...asked, tool_choice: { type: 'web_search_preview' } as never }))).toMatchObject({
    status: 400,
  });
  const only = client.responses.create({ ...asked, tools: [{ type: 'web_search' }] });
  expect(await rejection(only)).toMatchObject({ status: 400, message: expect.stringContaining('native-tools-needed') });
});
