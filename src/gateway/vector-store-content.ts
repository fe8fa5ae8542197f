/* The text of a file in a collection, as it is indexed: part by part, without what neighbours have in common, and never all of it in memory. */

import type { KnowledgeEngine } from '../context/knowledge/knowledge.ts';
import type { ByteStream } from '../pipeline/reply.ts';

const PARTS = 100;

/** A page as OpenAI's API has it, as JSON. */
export async function* contentStream(
  engine: KnowledgeEngine,
  { tenant, store, file }: { readonly tenant: string; readonly store: string; readonly file: string },
): ByteStream {
  const encoder = new TextEncoder();
  yield encoder.encode('{"object":"vector_store.file_content.page","data":[');
  let end = 0;
  for (let from = 0; ; from += PARTS) {
    const chunks = await engine.chunks(tenant, store, { file, from, limit: PARTS });
    const parts = chunks.map((chunk) => {
      const text = chunk.text.slice(Math.max(0, end - chunk.start));
      end = Math.max(end, chunk.end);
      return JSON.stringify({ type: 'text', text });
    });
    if (parts.length > 0) yield encoder.encode(`${from === 0 ? '' : ','}${parts.join(',')}`);
    if (chunks.length < PARTS) break;
  }
  yield encoder.encode('],"has_more":false,"next_page":null}');
}
