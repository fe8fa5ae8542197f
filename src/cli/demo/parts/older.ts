/* Routes of the older gateways that the gateway answers itself. */

import { has, header, type Part, status, text, value } from '../step.ts';
import { MODEL } from './chat.ts';

const isText = (found: unknown): boolean => typeof found === 'string' && found !== '';

export const olderParts: readonly Part[] = [
  {
    id: 'stillme',
    title: "StillMe's chat and Ollama's own API",
    about: 'An Ollama client that is pointed here works; and one message in, one text out, for the clients of StillMe.',
    steps: [
      {
        title: 'One message',
        shows: 'The request of the older gateway, as it stands in its document.',
        sends: { path: '/api/chat', json: { message: 'Hello', user_id: 'test' } },
        checks: [status(200), value('response', isText)],
      },
      {
        title: 'The list of models, as Ollama tells it',
        shows: 'Names are those of the configuration.',
        sends: { path: '/api/tags' },
        checks: [status(200), has('models.0.name')],
      },
      {
        title: 'A chat, as Ollama streams it',
        shows: 'Lines of JSON; the last one has done: true and the statistics.',
        sends: {
          path: '/api/chat',
          json: { model: MODEL, messages: [{ role: 'user', content: 'Why is the sky blue?' }], options: { num_predict: 12 } },
        },
        checks: [status(200), header('content-type', /ndjson/), text(/"done":\s*true/)],
      },
      {
        title: 'Generate, in one piece',
        shows: 'The same without a stream.',
        sends: { path: '/api/generate', json: { model: MODEL, prompt: 'Say hello', stream: false, options: { num_predict: 12 } } },
        checks: [status(200), value('done', true), value('response', isText)],
      },
    ],
  },
  {
    id: 'query',
    title: 'Queries and uploads',
    about: "AIVillage's two routes, where no service is configured for them.",
    steps: [
      {
        title: 'A file',
        shows: 'Its type was looked at, its text was read and kept. It is found by search once documents are.',
        sends: {
          path: '/v1/upload',
          file: {
            filename: 'handbook.md',
            type: 'text/markdown',
            text: '# Handbook\n\nA circuit breaker stops calling a service that keeps failing.\n',
          },
        },
        checks: [status(200, 201), value('id', isText), value('filename', 'handbook.md')],
      },
      {
        title: 'A file that is broken',
        shows: 'A PDF that breaks off after its first line: refused with what is wrong, and nothing is kept.',
        sends: { path: '/v1/upload', file: { filename: 'report.pdf', type: 'application/pdf', text: '%PDF-1.7\nbroken off here' } },
        checks: [status(400, 413, 415, 422), value('error.message', isText)],
      },
      {
        title: 'A query',
        shows: 'Answered by the model here; sources come with the knowledge base.',
        sends: {
          path: '/v1/query',
          json: { query: 'What is the capital of France?', session_id: 's-1', options: { max_tokens: 40, temperature: 0.7 } },
        },
        checks: [status(200), value('answer', isText), value('session_id', 's-1'), value('sources', (found) => Array.isArray(found))],
      },
    ],
  },
  {
    id: 'screening',
    title: 'Input screening',
    about: 'What looks like an attack is stopped at the door of service routes.',
    steps: [
      {
        title: 'A script in a search',
        shows: 'Refused before it reached the service.',
        sends: { path: '/api/v1/search/query', json: { query: '<script>alert(document.cookie)</script>' } },
        checks: [status(400, 403, 422), value('error.code', isText)],
      },
      {
        title: 'Honest words about the same',
        shows: 'Whoever only writes about scripts and tables is let through.',
        sends: { path: '/api/v1/search/query', json: { query: 'how to select a script font from a table of fonts' } },
        checks: [status(200)],
      },
    ],
  },
  {
    id: 'docs',
    title: 'API documents',
    about: 'Made of the very schemas that requests are held against, and shown without the internet.',
    steps: [
      {
        title: 'OpenAPI',
        shows: 'Every route above, for machines.',
        sends: { path: '/openapi.json' },
        checks: [status(200), value('openapi', /^3\.1/), has('paths')],
      },
      {
        title: 'Swagger UI',
        shows: 'Open this address in a browser.',
        sends: { path: '/docs', key: null },
        checks: [status(200), header('content-type', /html/)],
      },
      {
        title: 'ReDoc',
        shows: 'And this one.',
        sends: { path: '/redoc', key: null },
        checks: [status(200), header('content-type', /html/)],
      },
    ],
  },
];
