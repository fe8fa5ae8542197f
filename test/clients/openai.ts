import OpenAI from 'openai';
import type { ResponseInput } from 'openai/resources/responses/responses';
import { type Access, type ClientUnderTest, collect, FORECAST_SCHEMA, TURNS_MAX, WEATHER } from './client.ts';

const clientOf = ({ url, key }: Access) => new OpenAI({ baseURL: `${url}/v1`, apiKey: key, maxRetries: 0 });

export function openaiChatClient(access: Access): ClientUnderTest {
  const client = clientOf(access);
  const tools: OpenAI.ChatCompletionTool[] = [
    { type: 'function', function: { name: WEATHER.name, description: WEATHER.description, parameters: WEATHER.schema } },
  ];
  return {
    name: 'openai, chat',
    async ask(model, content) {
      const { choices } = await client.chat.completions.create({ model, messages: [{ role: 'user', content }] });
      return choices[0]?.message.content ?? '';
    },
    async stream(model, content) {
      const stream = await client.chat.completions.create({
        model,
        messages: [{ role: 'user', content }],
        stream: true,
        stream_options: { include_usage: true },
      });
      let tokens = 0;
      const texts = async function* () {
        for await (const chunk of stream) {
          tokens = chunk.usage?.total_tokens ?? tokens;
          yield chunk.choices[0]?.delta.content ?? '';
        }
      };
      const collected = await collect(texts());
      if (tokens === 0) throw new Error('the usage that was asked for did not come');
      return collected;
    },
    async useTool(model, content) {
      const calls: unknown[] = [];
      const messages: OpenAI.ChatCompletionMessageParam[] = [{ role: 'user', content }];
      for (let turn = 0; turn < TURNS_MAX; turn += 1) {
        const answer = await client.chat.completions.stream({ model, messages, tools }).finalMessage();
        messages.push(answer);
        if (answer.tool_calls === undefined || answer.tool_calls.length === 0) return { calls, text: answer.content ?? '' };
        for (const call of answer.tool_calls) {
          if (call.type !== 'function') throw new Error(`a call of the type '${call.type}'`);
          calls.push(JSON.parse(call.function.arguments));
          messages.push({ role: 'tool', tool_call_id: call.id, content: WEATHER.answer });
        }
      }
      throw new Error('the model did not stop calling');
    },
    async forecast(model, content) {
      const answer = await client.chat.completions.parse({
        model,
        messages: [{ role: 'user', content }],
        response_format: { type: 'json_schema', json_schema: { name: 'forecast', schema: FORECAST_SCHEMA, strict: true } },
      });
      return JSON.parse(answer.choices[0]?.message.content ?? '');
    },
  };
}

export function openaiResponsesClient(access: Access): ClientUnderTest {
  const client = clientOf(access);
  return {
    name: 'openai, responses',
    async ask(model, input) {
      return (await client.responses.create({ model, input })).output_text;
    },
    async stream(model, input) {
      const stream = client.responses.stream({ model, input });
      const texts = async function* () {
        for await (const event of stream) yield event.type === 'response.output_text.delta' ? event.delta : '';
      };
      const collected = await collect(texts());
      const whole = await stream.finalResponse();
      if (whole.output_text !== collected.text) throw new Error(`the pieces are '${collected.text}', the whole is '${whole.output_text}'`);
      return collected;
    },
    async useTool(model, question) {
      const calls: unknown[] = [];
      const input: ResponseInput = [{ role: 'user', content: question }];
      for (let turn = 0; turn < TURNS_MAX; turn += 1) {
        const answer = await client.responses.create({
          model,
          input,
          tools: [{ type: 'function', name: WEATHER.name, description: WEATHER.description, parameters: WEATHER.schema, strict: true }],
        });
        const called = answer.output.filter((item) => item.type === 'function_call');
        if (called.length === 0) return { calls, text: answer.output_text };
        input.push(...(answer.output as ResponseInput));
        for (const call of called) {
          calls.push(JSON.parse(call.arguments));
          input.push({ type: 'function_call_output', call_id: call.call_id, output: WEATHER.answer });
        }
      }
      throw new Error('the model did not stop calling');
    },
    async forecast(model, input) {
      const answer = await client.responses.parse({
        model,
        input,
        text: { format: { type: 'json_schema', name: 'forecast', schema: FORECAST_SCHEMA, strict: true } },
      });
      return JSON.parse(answer.output_text);
    },
  };
}
