import Anthropic from '@anthropic-ai/sdk';
import { type Access, type ClientUnderTest, collect, TURNS_MAX, WEATHER } from './client.ts';

const MAX_TOKENS = 2_000;

export function anthropicClient({ url, key }: Access): ClientUnderTest {
  const client = new Anthropic({ baseURL: url, apiKey: key, maxRetries: 0 });
  return {
    name: '@anthropic-ai/sdk',
    async ask(model, content) {
      return textOf(await client.messages.create({ model, max_tokens: MAX_TOKENS, messages: [{ role: 'user', content }] }));
    },
    async stream(model, content) {
      const stream = client.messages.stream({ model, max_tokens: MAX_TOKENS, messages: [{ role: 'user', content }] });
      const texts = async function* () {
        for await (const event of stream)
          yield event.type === 'content_block_delta' && event.delta.type === 'text_delta' ? event.delta.text : '';
      };
      const collected = await collect(texts());
      const whole = await stream.finalMessage();
      if (textOf(whole) !== collected.text) throw new Error('the pieces are not the whole');
      if (whole.usage.output_tokens === 0) throw new Error('no usage came');
      return collected;
    },
    async useTool(model, content) {
      const calls: unknown[] = [];
      const messages: Anthropic.MessageParam[] = [{ role: 'user', content }];
      for (let turn = 0; turn < TURNS_MAX; turn += 1) {
        const answer = await client.messages
          .stream({
            model,
            max_tokens: MAX_TOKENS,
            messages,
            tools: [
              {
                name: WEATHER.name,
                description: WEATHER.description,
                input_schema: { ...WEATHER.schema, required: [...WEATHER.schema.required] },
              },
            ],
          })
          .finalMessage();
        const called = answer.content.filter((block) => block.type === 'tool_use');
        if ((answer.stop_reason === 'tool_use') !== called.length > 0) throw new Error(`${answer.stop_reason} with ${called.length} calls`);
        if (called.length === 0) return { calls, text: textOf(answer) };
        messages.push({ role: 'assistant', content: answer.content });
        messages.push({
          role: 'user',
          content: called.map(({ id, input }) => {
            calls.push(input);
            return { type: 'tool_result', tool_use_id: id, content: WEATHER.answer };
          }),
        });
      }
      throw new Error('the model did not stop calling');
    },
  };
}

function textOf({ content }: Anthropic.Message): string {
  return content.map((block) => (block.type === 'text' ? block.text : '')).join('');
}
