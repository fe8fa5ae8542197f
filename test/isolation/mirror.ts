/*
 * A model that says all that it was told: whatever the gateway puts beside a caller's words comes back in the answer, where it can be seen. It also
 * holds each request against itself: no two users may meet in one.
 */

import { canariesIn } from './canary.ts';

export interface Mirror extends AsyncDisposable {
  readonly url: string;
  readonly requests: () => number;
  /** Requests in which canaries of two users met. */
  readonly mixtures: readonly string[];
}

interface ChatBody {
  readonly stream?: boolean;
  readonly messages?: readonly { readonly content: unknown }[];
}

const PIECES = 8;
const PAUSE_MS = 2;

export function startMirror(): Mirror {
  let requests = 0;
  const mixtures: string[] = [];
  const server = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    idleTimeout: 0,
    async fetch(request) {
      if (request.method === 'GET') return Response.json({ object: 'list', data: [{ id: 'mirror', object: 'model' }] });
      requests += 1;
      const body = (await request.json()) as ChatBody;
      const text = (body.messages ?? []).map(({ content }) => (typeof content === 'string' ? content : JSON.stringify(content))).join('\n');
      const owners = new Set(canariesIn(text).map(({ tenant, user }) => `${tenant} ${user}`));
      if (owners.size > 1) mixtures.push(text.slice(0, 2_000));
      const answer = `You told me: ${text}`;
      const head = { id: `chatcmpl-${requests}`, created: 1, model: 'mirror' };
      if (body.stream === true) return new Response(pieces(answer, head), { headers: { 'content-type': 'text/event-stream' } });
      const message = { role: 'assistant', content: answer };
      const usage = { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 };
      return Response.json({ ...head, object: 'chat.completion', choices: [{ index: 0, message, finish_reason: 'stop' }], usage });
    },
  });
  return {
    url: `http://127.0.0.1:${server.port}/v1`,
    requests: () => requests,
    mixtures,
    [Symbol.asyncDispose]: () => server.stop(true),
  };
}

async function* pieces(answer: string, head: object): AsyncGenerator<string, void, undefined> {
  const size = Math.max(1, Math.ceil(answer.length / PIECES));
  const event = (delta: object, finish: string | null): string =>
    `data: ${JSON.stringify({ ...head, object: 'chat.completion.chunk', choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`;
  yield event({ role: 'assistant', content: '' }, null);
  for (let from = 0; from < answer.length; from += size) {
    await Bun.sleep(PAUSE_MS);
    yield event({ content: answer.slice(from, from + size) }, null);
  }
  yield `${event({}, 'stop')}data: [DONE]\n\n`;
}
