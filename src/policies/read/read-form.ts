/*
 * Forms with files in them. All of a form comes in before it goes anywhere: a second `model` may stand behind the file, and a target that fails must not cost
 * the caller its upload. It is scanned on its way into the spool, so a form that is none is refused at the byte that shows it.
 */

import { GatewayError } from '../../base/errors.ts';
import { createMultipartScanner, type MultipartPart, MultipartScanError, multipartBoundary } from '../../base/multipart-scan.ts';
import type { Spool, Spools } from '../../context/spool/spool.ts';
import type { DialectForms, ReceivedForm } from '../../dialects/dialect-form.ts';
import type { Exchange } from '../../pipeline/exchange.ts';
import type { GatewayRequest } from '../../pipeline/request.ts';

export interface FormDeps {
  readonly spools: Spools;
}

interface FormRules extends FormDeps {
  readonly boundary: string;
  readonly bytesMax: number;
  readonly forms: DialectForms;
}

/** Undefined where the body is no form. Throws `request_invalid` for a form without a boundary. */
export function formBoundary(headers: Headers): string | undefined {
  const boundary = multipartBoundary(headers.get('content-type'));
  if (boundary === '')
    throw new GatewayError('request_invalid', 'the content type names no boundary (multipart/form-data; boundary=…) of 1 to 70 characters');
  return boundary;
}

/** Reads the whole form; it is there until the exchange ends. Throws `request_invalid`, `body_too_large`, and whatever its coming in or being kept throws. */
export async function readForm(request: GatewayRequest, exchange: Exchange, rules: FormRules): Promise<ReceivedForm> {
  const { boundary, forms, spools } = rules;
  const spool = spools.create();
  exchange.onEnd(() => void spool.dispose());
  const names = new Set(forms.fields);
  const scanner = createMultipartScanner({ boundary, keeps: (name) => names.has(name) });
  try {
    for await (const chunk of chunksOf(request, rules.bytesMax)) {
      scanner.push(chunk);
      await spool.write(chunk);
    }
    return received(scanner.finish(), { request, boundary, spool });
  } catch (cause) {
    if (!(cause instanceof MultipartScanError)) throw cause;
    throw new GatewayError('request_invalid', `the body is not the form that its content type announces: ${cause.message}`, { cause });
  }
}

function received(
  parts: readonly MultipartPart[],
  { request, boundary, spool }: { request: GatewayRequest; boundary: string; spool: Spool },
): ReceivedForm {
  return { parts, boundary, contentType: request.headers.get('content-type') ?? '', body: spool };
}

async function* chunksOf({ body }: GatewayRequest, bytesMax: number): AsyncGenerator<Uint8Array, void, undefined> {
  if (body.kind === 'bytes') yield body.bytes;
  if (body.kind !== 'unread') return;
  // A known length that is too much is refused before the first byte.
  const reader = body.stream(bytesMax).getReader();
  let isOver = false;
  try {
    for (;;) {
      const result = await reader.read();
      isOver = result.done;
      if (result.done) return;
      yield result.value;
    }
  } finally {
    if (!isOver) await reader.cancel().catch(() => undefined);
  }
}
