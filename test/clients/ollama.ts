import { type Message, Ollama } from 'ollama';
import { type Access, type ClientUnderTest, collect, FORECAST_SCHEMA, TURNS_MAX, WEATHER } from './client.ts';

export function ollamaClient({ url, key }: Access): ClientUnderTest {
  const client = new Ollama({ host: url, headers: { Authorization: `Bearer ${key}` } });
  return {
    name: 'ollama',
    async ask(model, content) {
      return (await client.chat({ model, messages: [{ role: 'user', content }] })).message.content;
    },
    async stream(model, content) {
      const stream = await client.chat({ model, messages: [{ role: 'user', content }], stream: true });
      const texts = async function* () {
        for await (const { message } of stream) yield message.content;
      };
      return collect(texts());
    },
    async useTool(model, content) {
      const calls: unknown[] = [];
      const messages: Message[] = [{ role: 'user', content }];
      const parameters = { ...WEATHER.schema, required: [...WEATHER.schema.required] } as object;
      const tools = [{ type: 'function', function: { name: WEATHER.name, description: WEATHER.description, parameters } }];
      for (let turn = 0; turn < TURNS_MAX; turn += 1) {
        const { message } = await client.chat({ model, messages, tools });
        if (message.tool_calls === undefined || message.tool_calls.length === 0) return { calls, text: message.content };
        messages.push(message);
        for (const { function: called } of message.tool_calls) {
          calls.push(called.arguments);
          messages.push({ role: 'tool', content: WEATHER.answer, tool_name: called.name });
        }
      }
      throw new Error('the model did not stop calling');
    },
    async forecast(model, content) {
      return JSON.parse((await client.chat({ model, messages: [{ role: 'user', content }], format: FORECAST_SCHEMA })).message.content);
    },
  };
}
