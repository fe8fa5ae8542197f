/* Vectors of an evaluation set's texts, asked for once from an OpenAI-compatible server and kept in a folder that is not the project's. */

import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const FOLDER = join(import.meta.dir, '.cache');
const BATCH = 64;

export interface TextsToEmbed {
  /** Base URL of the server, without `/v1`. */
  readonly url: string;
  readonly model: string;
  readonly texts: readonly string[];
  readonly onProgress?: (done: number) => void;
}

/** One vector for each text, of length 1. Throws when the server answers something else. */
export async function embeddedTexts({ url, model, texts, onProgress }: TextsToEmbed): Promise<Float32Array[]> {
  const hash = createHash('sha256')
    .update(JSON.stringify([model, texts]))
    .digest('hex')
    .slice(0, 16);
  const path = join(FOLDER, `${model}-${hash}.f32`);
  const stored = existsSync(path) ? floats(readFileSync(path)) : await embedAll({ url, model, texts, ...(onProgress && { onProgress }) });
  if (!existsSync(path)) {
    mkdirSync(FOLDER, { recursive: true });
    writeFileSync(`${path}.part`, new Uint8Array(stored.buffer, stored.byteOffset, stored.byteLength));
    renameSync(`${path}.part`, path);
  }
  const dimensions = stored.length / texts.length;
  return texts.map((_, index) => stored.subarray(index * dimensions, (index + 1) * dimensions));
}

async function embedAll({ url, model, texts, onProgress }: TextsToEmbed): Promise<Float32Array> {
  const rows: number[][] = [];
  for (let from = 0; from < texts.length; from += BATCH) {
    const response = await fetch(`${url}/v1/embeddings`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model, input: texts.slice(from, from + BATCH), encoding_format: 'float' }),
    });
    if (!response.ok) throw new Error(`the embedding server answered ${response.status}`);
    const { data } = (await response.json()) as { data: { index: number; embedding: number[] }[] };
    rows.push(...data.toSorted((a, b) => a.index - b.index).map(({ embedding }) => embedding));
    onProgress?.(rows.length);
  }
  const dimensions = rows[0]?.length ?? 0;
  const all = new Float32Array(rows.length * dimensions);
  for (const [index, row] of rows.entries()) {
    if (row.length !== dimensions) throw new Error(`vectors of ${dimensions} and of ${row.length} numbers`);
    const norm = Math.hypot(...row);
    all.set(
      row.map((value) => value / norm),
      index * dimensions,
    );
  }
  return all;
}

function floats(bytes: Buffer): Float32Array {
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
}
