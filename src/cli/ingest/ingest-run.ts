/* Hands in what is new or changed, a few at a time, and says what became of each. */

import { GatewayError } from '../../base/errors.ts';
import { TransportError } from '../../upstream/transport/transport-error.ts';
import type { GatewayClient, KnownDocument } from './gateway-client.ts';
import { GatewayRefusal } from './gateway-client.ts';
import type { Outcome, Progress } from './progress.ts';
import { SkippedSource, type Source } from './sources.ts';

export interface RunConfig {
  readonly bytesMax: number;
  /** At once. */
  readonly parallel: number;
}

export interface RunDeps {
  readonly client: GatewayClient;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

export interface Summary {
  readonly counts: Readonly<Record<Outcome, number>>;
  /** Of what was indexed now. */
  readonly chunks: number;
  /** Documents that were there in an earlier form, and are gone. */
  readonly replaced: number;
}

/** What ends the run: no document would fare better. */
const FATAL: ReadonlySet<number> = new Set([0, 401, 404]);

export async function runIngest(sources: readonly Source[], config: RunConfig, deps: RunDeps): Promise<Summary> {
  const { client, progress, signal } = deps;
  const known = await client.documents();
  const byContent = new Map(known.map((document) => [document.sha256, document]));
  const counts = { indexed: 0, unchanged: 0, skipped: 0, failed: 0 };
  const present = new Set<string>();
  let chunks = 0;
  progress.total(sources.length);

  const one = async (source: Source): Promise<void> => {
    const { outcome, note, added = 0 } = await handIn(source, { config, client, byContent, present });
    counts[outcome] += 1;
    chunks += added;
    progress.done(source.name, outcome, note);
  };
  let next = 0;
  const work = async (): Promise<void> => {
    for (let source = sources[next++]; source !== undefined; source = sources[next++]) {
      signal.throwIfAborted();
      await one(source);
    }
  };
  await Promise.all(Array.from({ length: Math.min(config.parallel, sources.length) }, work));
  const replaced = await removeEarlier(known, sources, { client, present });
  return { counts, chunks, replaced };
}

interface HandIn {
  readonly config: RunConfig;
  readonly client: GatewayClient;
  readonly byContent: ReadonlyMap<string, KnownDocument>;
  /** Contents that are there now. */
  readonly present: Set<string>;
}

async function handIn(
  source: Source,
  { config, client, byContent, present }: HandIn,
): Promise<{ outcome: Outcome; note?: string; added?: number }> {
  try {
    const file = await source.read(config.bytesMax);
    const sha256 = new Bun.CryptoHasher('sha256').update(file.bytes).digest('hex');
    if (byContent.get(sha256)?.indexed === true) {
      present.add(sha256);
      return { outcome: 'unchanged' };
    }
    const { duplicate, indexed, chunks } = await client.upload(file, source.name);
    present.add(sha256);
    if (!indexed) return { outcome: 'failed', note: 'it is stored, but not indexed yet: run this again' };
    return duplicate ? { outcome: 'unchanged' } : { outcome: 'indexed', added: chunks };
  } catch (error) {
    if (error instanceof SkippedSource) return { outcome: 'skipped', note: error.message };
    if (!(error instanceof GatewayRefusal)) {
      if (isSystemError(error)) return { outcome: 'failed', note: error.message };
      throw error;
    }
    if (FATAL.has(error.status)) throw error;
    // Of a type that is not taken, or too large for this gateway: nothing is wrong with the rest.
    return { outcome: error.status === 413 || error.status === 415 ? 'skipped' : 'failed', note: error.message };
  }
}

/** What was handed in under the same name, and holds what is not there any more. */
async function removeEarlier(
  known: readonly KnownDocument[],
  sources: readonly Source[],
  { client, present }: { readonly client: GatewayClient; readonly present: ReadonlySet<string> },
): Promise<number> {
  const names = new Set(sources.map(({ name }) => name));
  let removed = 0;
  for (const { id, source, sha256 } of known) {
    if (source === undefined || !names.has(source) || present.has(sha256)) continue;
    await client.remove(id);
    removed += 1;
  }
  return removed;
}

/** The file is gone, or may not be read; the address may not be called, or is not reached. */
function isSystemError(error: unknown): error is Error {
  if (error instanceof GatewayError || error instanceof TransportError) return true;
  return error instanceof Error && typeof (error as NodeJS.ErrnoException).code === 'string';
}
