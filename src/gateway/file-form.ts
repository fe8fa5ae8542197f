/*
 * The form of a file of OpenAI's API, kept until its purpose is known: that says whether it is for the gateway itself or for a provider, and stands behind the
 * file as often as before it. What cannot be kept here in any case, for its size, is not held up.
 */

import { createMultipartScanner, MultipartScanError, type MultipartScanner, multipartBoundary } from '../base/multipart-scan.ts';
import type { Spool, Spools } from '../context/spool/spool.ts';
import type { Exchange } from '../pipeline/exchange.ts';
import type { GatewayRequest, RequestBody } from '../pipeline/request.ts';

export interface FileFormRules {
  readonly spools: Spools;
  /** A larger one is a provider's. */
  readonly keptBytesMax: number;
  readonly bytesMax: number;
}

export interface FileForm {
  /** Undefined where it is none, or unknown. */
  readonly purpose: string | undefined;
  /** With a body that is still unread. */
  readonly request: GatewayRequest;
}

const PURPOSE = 'purpose';

export async function readFileForm(request: GatewayRequest, exchange: Exchange, rules: FileFormRules): Promise<FileForm> {
  const { body, headers } = request;
  const boundary = multipartBoundary(headers.get('content-type'));
  const isPlain = boundary !== undefined && boundary !== '' && headers.get('content-encoding') === null;
  if (body.kind !== 'unread' || !isPlain || (body.length ?? 0) > rules.keptBytesMax) return { purpose: undefined, request };
  const spool = rules.spools.create();
  exchange.onEnd(() => void spool.dispose());
  const scanner = createMultipartScanner({ boundary, keeps: (name) => name === PURPOSE });
  const purpose = await purposeOf(body.stream(rules.bytesMax), { scanner, spool });
  return { purpose, request: { ...request, body: spooledBody(spool) } };
}

/** Undefined for what is no plain form: whoever gets it says what is wrong with it. */
async function purposeOf(
  stream: ReadableStream<Uint8Array>,
  { scanner, spool }: { readonly scanner: MultipartScanner; readonly spool: Spool },
): Promise<string | undefined> {
  let isForm = true;
  const sound = <T>(run: () => T): T | undefined => {
    try {
      return run();
    } catch (cause) {
      if (!(cause instanceof MultipartScanError)) throw cause;
      isForm = false;
      return undefined;
    }
  };
  for await (const chunk of stream) {
    if (isForm) sound(() => scanner.push(chunk));
    await spool.write(chunk);
  }
  const parts = isForm ? sound(() => scanner.finish()) : undefined;
  const content = parts?.find(({ name }) => name === PURPOSE)?.content;
  return content === undefined ? undefined : new TextDecoder().decode(content);
}

function spooledBody(spool: Spool): RequestBody {
  return {
    kind: 'unread',
    length: spool.length,
    read: async () => new Uint8Array(await new Response(spool.stream(0, spool.length)).arrayBuffer()),
    stream: () => spool.stream(0, spool.length),
  };
}
