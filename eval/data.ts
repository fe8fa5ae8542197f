/* The data of the evaluation: outside the project, read and never copied. Any file of a shape counts, so that other halves of a set do too. */

import { join } from 'node:path';

export class EvalData {
  readonly folder: string;
  /** Base URL of an OpenAI-compatible embedding server, without `/v1`. */
  readonly embedder: string | undefined;

  /** `folder`: the value of GATEHOUSE_EVAL_DATA; undefined: `shared/data` beside the project. */
  constructor(folder: string | undefined, embedder?: string) {
    this.embedder = embedder;
    this.folder = folder ?? join(import.meta.dir, '../../shared/data');
  }

  /** Paths of all files that match, sorted: the same in every run. */
  async filesOf(pattern: string): Promise<string[]> {
    try {
      const found = await Array.fromAsync(new Bun.Glob(pattern).scan({ cwd: this.folder, absolute: true }));
      return found.sort();
    } catch {
      // No such folder: nothing is there.
      return [];
    }
  }

  /** All JSON documents that match; `.gz` is unpacked. */
  async json(pattern: string): Promise<unknown[]> {
    const texts = await this.#texts(pattern);
    return texts.map((text): unknown => JSON.parse(text));
  }

  /** Every line of all files that match, each a JSON value. */
  async lines(pattern: string): Promise<unknown[]> {
    const texts = await this.#texts(pattern);
    return texts.flatMap((text) =>
      text
        .split('\n')
        .filter((line) => line.trim() !== '')
        .map((line): unknown => JSON.parse(line)),
    );
  }

  async #texts(pattern: string): Promise<string[]> {
    const paths = await this.filesOf(pattern);
    return Promise.all(
      paths.map(async (path) => {
        const bytes = new Uint8Array(await Bun.file(path).arrayBuffer());
        return new TextDecoder().decode(path.endsWith('.gz') ? Bun.gunzipSync(bytes) : bytes);
      }),
    );
  }
}
