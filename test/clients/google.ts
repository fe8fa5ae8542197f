import { type Content, FinishReason, type GenerateContentResponse, GoogleGenAI } from '@google/genai';
import { type Access, type ClientUnderTest, collect, FORECAST_SCHEMA, TURNS_MAX, WEATHER } from './client.ts';

export function googleClient({ url, key }: Access): ClientUnderTest {
  const { models } = new GoogleGenAI({ apiKey: key, httpOptions: { baseUrl: url } });
  return {
    name: '@google/genai',
    async ask(model, contents) {
      return (await models.generateContent({ model, contents })).text ?? '';
    },
    async stream(model, contents) {
      const stream = await models.generateContentStream({ model, contents });
      let last: GenerateContentResponse | undefined;
      const texts = async function* () {
        for await (const chunk of stream) {
          last = chunk;
          yield chunk.text;
        }
      };
      const collected = await collect(texts());
      if (last?.candidates?.[0]?.finishReason !== FinishReason.STOP) throw new Error('the stream did not say why it ended');
      if ((last.usageMetadata?.totalTokenCount ?? 0) === 0) throw new Error('no usage came');
      return collected;
    },
    async useTool(model, question) {
      const calls: unknown[] = [];
      const contents: Content[] = [{ role: 'user', parts: [{ text: question }] }];
      const { name, description, schema } = WEATHER;
      const config = { tools: [{ functionDeclarations: [{ name, description, parametersJsonSchema: schema }] }] };
      for (let turn = 0; turn < TURNS_MAX; turn += 1) {
        const answer = await models.generateContent({ model, contents, config });
        const called = answer.functionCalls ?? [];
        if (called.length === 0) return { calls, text: answer.text ?? '' };
        contents.push(answer.candidates?.[0]?.content ?? {});
        contents.push({
          role: 'user',
          parts: called.map(({ id, name: called_name, args }) => {
            calls.push(args);
            const response = { output: WEATHER.answer };
            return { functionResponse: { name: called_name ?? '', response, ...(id === undefined ? {} : { id }) } };
          }),
        });
      }
      throw new Error('the model did not stop calling');
    },
    async forecast(model, contents) {
      const config = { responseMimeType: 'application/json', responseJsonSchema: FORECAST_SCHEMA };
      return JSON.parse((await models.generateContent({ model, contents, config })).text ?? '');
    },
  };
}
