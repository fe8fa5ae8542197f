/** Requests of a batch, asked one by one of the simulator itself, some at a time; what comes back is kept in the order of the requests. */
import type { Visit } from './visit.ts';

export interface LineRequest {
  /** With the origin that addresses in replies are to have. */
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: object;
}

/** `undefined` status: the connection broke, and `text` says how. */
export interface LineReply {
  readonly status: number | undefined;
  readonly text: string;
}

const AT_ONCE = 8;

/** `took` is told of each reply as it comes. Resolves when all are there, or soon after `signal`: then some are left out. Never rejects. */
export async function askLines(
  requests: readonly LineRequest[],
  took: (reply: LineReply, index: number) => void,
  { from, signal }: { readonly from: Visit; readonly signal: AbortSignal },
): Promise<void> {
  const left = requests.entries();
  const work = async () => {
    for (const [index, request] of left) {
      const reply = await askLine(request, from, signal);
      if (signal.aborted) return;
      took(reply, index);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
}

async function askLine({ url, headers, body }: LineRequest, from: Visit, signal: AbortSignal): Promise<LineReply> {
  try {
    const init = { method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json', ...headers }, signal };
    const reply = await from.world.ask(new Request(url, init), from);
    return { status: reply.status, text: await reply.text() };
  } catch (error) {
    return { status: undefined, text: error instanceof Error ? error.message : String(error) };
  }
}
