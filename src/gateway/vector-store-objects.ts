/* Vector stores, their files and batches, and what a search finds, as OpenAI's API shows them. */

import type {
  Chunk,
  CollectionFile,
  CollectionOverview,
  FileBatch,
  FileCounts,
  FoundChunk,
  ListPage,
} from '../context/knowledge/knowledge.ts';
import { shownText } from '../context/knowledge/shown-text.ts';

const DAY_MS = 86_400_000;

function countsJson(counts: FileCounts): object {
  const { in_progress, completed, failed, cancelled } = counts;
  return { in_progress, completed, failed, cancelled, total: in_progress + completed + failed + cancelled };
}

export function storeJson(collection: CollectionOverview): { readonly id: string } {
  const { id, name, description, createdMs, lastActiveMs, metadata, expiresAfterMs, expired, files, bytes } = collection;
  return {
    id,
    object: 'vector_store',
    created_at: seconds(createdMs),
    name,
    ...(description === undefined ? {} : { description }),
    usage_bytes: bytes,
    file_counts: countsJson(files),
    status: expired ? 'expired' : files.in_progress > 0 ? 'in_progress' : 'completed',
    expires_after: expiresAfterMs === undefined ? null : { anchor: 'last_active_at', days: expiresAfterMs / DAY_MS },
    expires_at: expiresAfterMs === undefined ? null : seconds(lastActiveMs + expiresAfterMs),
    last_active_at: seconds(lastActiveMs),
    metadata,
  } as { readonly id: string };
}

export function fileJson(collection: string, file: CollectionFile): { readonly id: string } {
  const { id, createdMs, status, error, bytes, attributes, chunking } = file;
  return {
    id,
    object: 'vector_store.file',
    created_at: seconds(createdMs),
    vector_store_id: collection,
    status,
    usage_bytes: status === 'completed' ? bytes : 0,
    last_error: error ?? null,
    attributes,
    chunking_strategy: {
      type: 'static',
      static: { max_chunk_size_tokens: chunking.tokensMax, chunk_overlap_tokens: chunking.overlap },
    },
  } as { readonly id: string };
}

export function batchJson(collection: string, { id, createdMs, cancelled, files }: FileBatch): object {
  const isAllFailed = files.failed > 0 && files.completed + files.cancelled === 0;
  return {
    id,
    object: 'vector_store.files_batch',
    created_at: seconds(createdMs),
    vector_store_id: collection,
    status: cancelled ? 'cancelled' : files.in_progress > 0 ? 'in_progress' : isAllFailed ? 'failed' : 'completed',
    file_counts: countsJson(files),
  };
}

export function listJson({ items, hasMore }: ListPage<{ readonly id: string }>): object {
  return { object: 'list', data: items, first_id: items[0]?.id ?? null, last_id: items.at(-1)?.id ?? null, has_more: hasMore };
}

/** With where it stands in its file, which OpenAI's own API does not tell. */
export function foundJson({ chunk, score }: FoundChunk): object {
  const { file, filename, attributes } = chunk;
  return { file_id: file, filename, score, attributes, content: [{ type: 'text', text: shownText(chunk) }], location: locationJson(chunk) };
}

function locationJson({ id, start, end, page, headings }: Chunk): object {
  return { chunk_id: id, start, end, ...(page === undefined ? {} : { page }), headings };
}

function seconds(ms: number): number {
  return Math.floor(ms / 1_000);
}
