import { describe, expect, test } from 'bun:test';
import { GatewayError } from '../../base/errors.ts';
import { scanJson } from '../../base/json-scan.ts';
import type { AnswerFacts } from '../../operations/answer-form.ts';
import { CALLER_DIALECTS_BY_NAME } from '../registry.ts';
import { isSimpleChat } from './simple-chat.ts';

describe("which of the two chats of the path a body is: StillMe's, or Ollama's", () => {
  for (const { body, simple } of [
    { body: '{"message":"Hello","user_id":"test"}', simple: true },
    { body: '{"message":"Hello","model":"llama3.3"}', simple: true },
    { body: '{"message":1}', simple: true },
    { body: '{"m\\u0065ssage":"Hello"}', simple: true },
    // Told then that the message is missing.
    { body: '{}', simple: true },
    { body: '{"user_id":"test"}', simple: true },
    { body: '{"model":"llama3.3","messages":[]}', simple: false },
    { body: '{"messages":[{"role":"user","content":"x"}]}', simple: false },
    { body: '{"messages":null,"message":"x"}', simple: false },
    { body: '{"model":"llama3.3","messages":[],"message":"x"}', simple: false },
    // Loads the model.
    { body: '{"model":"llama3.3"}', simple: false },
    { body: '{"model":"llama3.3","keep_alive":0}', simple: false },
  ]) {
    test(`${body}: ${simple ? 'simple' : 'native'}`, () => expect(isSimpleChat(scanJson(Buffer.from(body)))).toBe(simple));
  }
});

describe('the text of an answer', () => {
  const FACTS: AnswerFacts = { id: 'a', cached: true, model: 'm', nowMs: 0, generationMs: 1, totalMs: 2.345 };
  const operation = CALLER_DIALECTS_BY_NAME.get('api-chat')?.decode('chat', Buffer.from('{"message":"x"}'), { hasModel: () => true });
  const tell = (message: unknown) =>
    JSON.parse(String(operation?.answerForm?.whole(Buffer.from(JSON.stringify({ choices: [{ message }] })), FACTS))) as object;

  for (const { name, message, want } of [
    { name: 'content', message: { content: 'Hi' }, want: 'Hi' },
    { name: 'parts', message: { content: [{ type: 'text', text: 'H' }, null, { type: 'x' }, { text: 'i' }] }, want: 'Hi' },
    { name: 'a refusal', message: { content: null, refusal: 'No' }, want: 'No' },
    { name: 'nothing', message: { content: null }, want: '' },
  ]) {
    test(`is its ${name}`, () => {
      expect(tell(message)).toEqual({
        response: want,
        user_id: null,
        model: 'm',
        cached: true,
        latency_ms: 2.35,
        timestamp: '1970-01-01T00:00:00.000Z',
        usage: null,
      });
    });
  }

  for (const message of [undefined, null, 'text']) {
    test(`is not there without a message: ${String(message)}`, () => expect(() => tell(message)).toThrow(GatewayError));
  }
});
