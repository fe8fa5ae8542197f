import { createAnthropic } from '@ai-sdk/anthropic';
import { createGoogleGenerativeAI } from '@ai-sdk/google';
import { createOpenAI } from '@ai-sdk/openai';
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { generateText, jsonSchema, type LanguageModel, Output, stepCountIs, streamText, tool } from 'ai';
import { type Access, type ClientUnderTest, collect, FORECAST_SCHEMA, TURNS_MAX, WEATHER } from './client.ts';

export function aiSdkClients({ url, key }: Access): ClientUnderTest[] {
  const openai = createOpenAI({ baseURL: `${url}/v1`, apiKey: key });
  const anthropic = createAnthropic({ baseURL: `${url}/v1`, apiKey: key });
  const google = createGoogleGenerativeAI({ baseURL: `${url}/v1beta`, apiKey: key });
  const compatible = createOpenAICompatible({
    name: 'gatehouse',
    baseURL: `${url}/v1`,
    apiKey: key,
    includeUsage: true,
    supportsStructuredOutputs: true,
  });
  return [
    aiSdkClient('ai with openai, chat', (model) => openai.chat(model)),
    aiSdkClient('ai with openai, responses', (model) => openai.responses(model)),
    aiSdkClient('ai with openai-compatible', (model) => compatible(model)),
    // Of models that it does not know it wants a tool to be called whose arguments are the answer.
    { ...aiSdkClient('ai with anthropic', (model) => anthropic(model)), forecastNeeds: 'tool-choice-named' },
    aiSdkClient('ai with google', (model) => google(model)),
  ];
}

function aiSdkClient(name: string, modelOf: (model: string) => LanguageModel): ClientUnderTest {
  return {
    name,
    async ask(model, prompt) {
      return (await generateText({ model: modelOf(model), prompt, maxRetries: 0 })).text;
    },
    async stream(model, prompt) {
      const { textStream, usage, finishReason } = streamText({ model: modelOf(model), prompt, maxRetries: 0 });
      const collected = await collect(textStream);
      if (((await usage).outputTokens ?? 0) === 0) throw new Error('no usage came');
      if ((await finishReason) !== 'stop') throw new Error(`the stream ended for '${await finishReason}'`);
      return collected;
    },
    async useTool(model, prompt) {
      const calls: unknown[] = [];
      const weather = tool({
        description: WEATHER.description,
        inputSchema: jsonSchema<{ city: string; unit: string }>({ ...WEATHER.schema, required: [...WEATHER.schema.required] } as never),
        execute: (input) => {
          calls.push(input);
          return WEATHER.answer;
        },
      });
      const { text } = await generateText({
        model: modelOf(model),
        prompt,
        maxRetries: 0,
        tools: { [WEATHER.name]: weather },
        stopWhen: stepCountIs(TURNS_MAX),
      });
      return { calls, text };
    },
    async forecast(model, prompt) {
      const schema = jsonSchema<object>({ ...FORECAST_SCHEMA, required: [...FORECAST_SCHEMA.required] });
      return (await generateText({ model: modelOf(model), prompt, output: Output.object({ schema }), maxRetries: 0 })).output;
    },
  };
}
