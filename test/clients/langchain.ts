import { ChatAnthropic } from '@langchain/anthropic';
import type { BaseChatModel } from '@langchain/core/language_models/chat_models';
import { ChatGoogleGenerativeAI } from '@langchain/google-genai';
import { ChatOpenAI } from '@langchain/openai';
import { createAgent, tool } from 'langchain';
import { type Access, type ClientUnderTest, collect, WEATHER } from './client.ts';

export function langchainClients({ url, key }: Access): ClientUnderTest[] {
  const shared = { apiKey: key, maxRetries: 0 };
  return [
    langchainClient('langchain with openai', (model) => new ChatOpenAI({ ...shared, model, configuration: { baseURL: `${url}/v1` } })),
    langchainClient('langchain with anthropic', (model) => new ChatAnthropic({ ...shared, model, anthropicApiUrl: url, maxTokens: 2_000 })),
    langchainClient('langchain with google', (model) => new ChatGoogleGenerativeAI({ ...shared, model, baseUrl: url })),
  ];
}

function langchainClient(name: string, modelOf: (model: string) => BaseChatModel): ClientUnderTest {
  return {
    name,
    async ask(model, question) {
      return (await modelOf(model).invoke(question)).text;
    },
    async stream(model, question) {
      const stream = await modelOf(model).stream(question);
      const texts = async function* () {
        for await (const chunk of stream) yield chunk.text;
      };
      return collect(texts());
    },
    async useTool(model, content) {
      const calls: unknown[] = [];
      const weather = tool(
        (input: unknown) => {
          calls.push(input);
          return WEATHER.answer;
        },
        { name: WEATHER.name, description: WEATHER.description, schema: WEATHER.schema },
      );
      const agent = createAgent({ model: modelOf(model), tools: [weather] });
      const { messages } = await agent.invoke({ messages: [{ role: 'user', content }] });
      return { calls, text: messages.at(-1)?.text ?? '' };
    },
  };
}
