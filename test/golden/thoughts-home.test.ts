/*
 * A signed thought goes from a vendor's model through a caller of any dialect, who sends it back with its next words, and so home again: the vendor finds its own signature,
 * and a target of any other dialect finds none that it would refuse.
 */
import { describe, expect, test } from 'bun:test';
import { GatewayError } from '../../src/base/errors.ts';
import { CASES, type NativeRequest, plain, SPEAKERS, type Speaker } from './corpus.ts';
import { crossReply, crossRequest, type Pair } from './crossing-runs.ts';
import { type Json, type JsonObject, object, objects } from './wire/wire.ts';

/** A vendor's own proof, as its answers in the cases have it. */
const PROOF = /c2lnbmVk|c2VhbGVk/;
const ENVELOPE = Buffer.from('gatehouse:').toString('base64').slice(0, 13);

/** The talk as a client of each dialect goes on with it: it sends back what it was told. */
const GO_ON: Readonly<Record<string, (body: JsonObject, reply: JsonObject) => JsonObject>> = {
  'openai-chat': (body, reply) => ({ ...body, messages: [...list(body['messages']), message(reply), ...toolMessages(message(reply))] }),
  'openai-responses': (body, reply) => ({
    ...body,
    input: [
      ...list(body['input']),
      ...list(reply['output']),
      ...objects(reply['output']).flatMap(({ type, call_id: id = '' }) =>
        type === 'function_call' ? [{ type: 'function_call_output', call_id: id, output: 'A cat.' }] : [],
      ),
    ],
  }),
  'anthropic-messages': (body, { content = [] }) => ({
    ...body,
    messages: [
      ...list(body['messages']),
      { role: 'assistant', content },
      {
        role: 'user',
        content: objects(content).flatMap(({ type, id = '' }) =>
          type === 'tool_use' ? [{ type: 'tool_result', tool_use_id: id, content: 'A cat.' }] : [],
        ),
      },
    ],
  }),
  gemini: (body, { candidates }) => {
    const content = object(object(objects(candidates)[0])['content']);
    const calls = objects(content['parts']).flatMap(({ functionCall }) => (functionCall === undefined ? [] : [object(functionCall)]));
    const results = calls.map(({ id = '', name = '' }) => ({ functionResponse: { id, name, response: { output: 'A cat.' } } }));
    return { ...body, contents: [...list(body['contents']), content, { role: 'user', parts: results }] };
  },
  'bedrock-converse': (body, { output }) => {
    const said = object(object(output)['message']);
    const results = objects(said['content']).flatMap(({ toolUse }) =>
      toolUse === undefined ? [] : [{ toolResult: { toolUseId: object(toolUse)['toolUseId'] ?? '', content: [{ text: 'A cat.' }] } }],
    );
    return { ...body, messages: [...list(body['messages']), said, { role: 'user', content: results }] };
  },
};

const list = (value: Json | undefined): readonly Json[] => (Array.isArray(value) ? value : []);
const message = (reply: JsonObject): JsonObject => object(object(objects(reply['choices'])[0])['message']);
const toolMessages = (said: JsonObject): readonly JsonObject[] =>
  objects(said['tool_calls']).map(({ id = '' }) => ({ role: 'tool', tool_call_id: id, content: 'A cat.' }));

const given = CASES.find(({ name }) => name === 'thoughts-in-history');

/** Those whose models sign what they think, and those whose clients send it back. */
const VENDORS = SPEAKERS.filter(
  ({ dialect }) => dialect.codecs.chat?.abilities['reasoning-signatures'] !== 'no' && dialect.name !== 'openai-chat',
);
const CALLERS = SPEAKERS.filter(({ name }) => name in GO_ON);

describe('signed thoughts', () => {
  for (const caller of CALLERS) {
    for (const vendor of VENDORS) {
      test(`${vendor.name}'s come home through a caller of ${caller.name}`, () => {
        const asked = goneOn({ caller, target: vendor });
        const home = textOf({ caller, target: vendor }, asked);
        expect(home).toMatch(PROOF);
        expect(home).not.toContain(ENVELOPE);
      });

      for (const other of SPEAKERS.filter(({ name }) => name !== vendor.name && name !== caller.name)) {
        test(`${vendor.name}'s go to no target of ${other.name} from a caller of ${caller.name}`, () => {
          const asked = goneOn({ caller, target: vendor });
          const told = textOf({ caller, target: other }, asked);
          expect(told).not.toMatch(PROOF);
          expect(told).not.toContain(ENVELOPE);
        });
      }
    }
  }
});

/** The caller's next request: its first, the vendor's answer as the caller was told it, and what its tool gave. */
function goneOn(pair: Pair): NativeRequest {
  const reply = given?.reply(pair.target.name);
  if (reply === undefined) throw new Error('there is no such answer');
  const { body, model } = firstRequest(pair.caller);
  const told = crossReply(pair, { body, model }, reply);
  if (told instanceof GatewayError) throw told;
  return { model, body: GO_ON[pair.caller.name]?.(body, told.body) ?? body };
}

/** The plain question, with the tool that is called. */
function firstRequest({ name }: Speaker): NativeRequest {
  const { model, body } = plain(name).request;
  const withTools = given?.request(name)?.body ?? {};
  const tools = Object.fromEntries(
    Object.entries(withTools).filter(([field]) => ['tools', 'toolConfig', 'thinking', 'max_tokens'].includes(field)),
  );
  return { model, body: { ...body, ...tools } };
}

function textOf(pair: Pair, request: NativeRequest): string {
  const made = crossRequest(pair, request, pair.target.wire.model);
  if (made instanceof GatewayError) throw made;
  return Buffer.from(made.bytes).toString();
}
