/*
 * What each client must be told to use this gateway, as text to paste. Sources: code.claude.com/docs/en/llm-gateway-connect and
 * …/model-config, developers.openai.com/codex/config-reference (`model_providers`; `wire_api` is `responses` or nothing), the READMEs of openai-node, ai-sdk and LangChain, Open WebUI's environment reference.
 */

export interface Connection {
  /** Without a trailing slash and without a version path. */
  readonly url: string;
  /** The key, or `$GATEHOUSE_KEY` where it is a secret. */
  readonly key: string;
  readonly model: string;
}

export interface Client {
  readonly name: string;
  readonly title: string;
  /** Where the text goes. */
  readonly where: string;
  text(connection: Connection): string;
}

export const CLIENTS: readonly Client[] = [
  {
    name: 'claude-code',
    title: 'Claude Code',
    where: 'in the shell that starts it, or under "env" in ~/.claude/settings.json',
    text: ({ url, key, model }) =>
      [
        `export ANTHROPIC_BASE_URL=${url}`,
        `export ANTHROPIC_AUTH_TOKEN=${key}`,
        '# it would win over the token',
        'unset ANTHROPIC_API_KEY',
        `export ANTHROPIC_MODEL=${model}`,
        '# what its names opus, sonnet and haiku stand for; haiku does the small things',
        `export ANTHROPIC_DEFAULT_OPUS_MODEL=${model}`,
        `export ANTHROPIC_DEFAULT_SONNET_MODEL=${model}`,
        `export ANTHROPIC_DEFAULT_HAIKU_MODEL=${model}`,
        'claude',
      ].join('\n'),
  },
  {
    name: 'codex',
    title: 'Codex',
    where: 'in ~/.codex/config.toml; the key in the variable GATEHOUSE_KEY',
    text: ({ url, model }) =>
      [
        `model = "${model}"`,
        'model_provider = "gatehouse"',
        '',
        '[model_providers.gatehouse]',
        'name = "Gatehouse"',
        `base_url = "${url}/v1"`,
        'env_key = "GATEHOUSE_KEY"',
        'wire_api = "responses"',
      ].join('\n'),
  },
  {
    name: 'openai',
    title: 'The OpenAI client',
    where: 'in the environment of any program that uses it',
    text: ({ url, key, model }) =>
      [
        `export OPENAI_BASE_URL=${url}/v1`,
        `export OPENAI_API_KEY=${key}`,
        '',
        '# JavaScript',
        "import OpenAI from 'openai';",
        'const client = new OpenAI();',
        `await client.chat.completions.create({ model: '${model}', messages: [{ role: 'user', content: 'Hello!' }] });`,
        '',
        '# Python',
        'from openai import OpenAI',
        `OpenAI().chat.completions.create(model="${model}", messages=[{"role": "user", "content": "Hello!"}])`,
      ].join('\n'),
  },
  {
    name: 'ai-sdk',
    title: 'The AI SDK',
    where: 'in your program; the key in the variable GATEHOUSE_KEY',
    text: ({ url, model }) =>
      [
        "import { createOpenAICompatible } from '@ai-sdk/openai-compatible';",
        "import { generateText } from 'ai';",
        '',
        'const gatehouse = createOpenAICompatible({',
        "  name: 'gatehouse',",
        `  baseURL: '${url}/v1',`,
        '  apiKey: process.env.GATEHOUSE_KEY,',
        '  includeUsage: true,',
        '});',
        `const { text } = await generateText({ model: gatehouse('${model}'), prompt: 'Hello!' });`,
      ].join('\n'),
  },
  {
    name: 'langchain',
    title: 'LangChain',
    where: 'in your program; the key in the variable GATEHOUSE_KEY',
    text: ({ url, model }) =>
      [
        "import { ChatOpenAI } from '@langchain/openai';",
        '',
        'const model = new ChatOpenAI({',
        `  model: '${model}',`,
        '  apiKey: process.env.GATEHOUSE_KEY,',
        `  configuration: { baseURL: '${url}/v1' },`,
        '});',
        "await model.invoke('Hello!');",
      ].join('\n'),
  },
  {
    name: 'open-webui',
    title: 'Open WebUI',
    where: 'in its environment',
    text: ({ url, key }) =>
      [
        `OPENAI_API_BASE_URLS=${url}/v1`,
        `OPENAI_API_KEYS=${key}`,
        'ENABLE_OPENAI_API=true',
        '# tells the gateway who asks, for attribution',
        'ENABLE_FORWARD_USER_INFO_HEADERS=true',
      ].join('\n'),
  },
];
