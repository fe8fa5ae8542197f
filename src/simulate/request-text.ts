import { RequestRefused } from './openai-request.ts';
import type { Visit } from './visit.ts';

/** The body of a request, which the record keeps too. Bytes that are no UTF-8 are refused: JSON is UTF-8. Throws RequestRefused. */
export async function readText(visit: Visit): Promise<string> {
  return textOf(await visit.request.bytes(), visit);
}

/** The same from bytes that were read already. */
export function textOf(bytes: Uint8Array, visit: Visit): string {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: false }).decode(bytes);
    visit.record.readBody(text);
    return text;
  } catch {
    throw new RequestRefused({ status: 400, message: 'Invalid UTF-8 in the body of the request.' });
  }
}
