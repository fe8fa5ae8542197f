/* `gatehouse models NAME --count FILE`: about how many tokens files are, as one message to a model. */

import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { CatalogModel } from '../../catalog/catalog.ts';
import { type CountedPart, estimateChatTokens } from '../../catalog/chat-tokens.ts';
import { costOf, formatDollars } from '../../catalog/cost.ts';
import { imageSize } from '../../catalog/image-size.ts';
import { tableAt } from '../../catalog/prices.ts';

export interface CountContext {
  readonly cwd: string;
  /** Whose rules for images and whose prices count; undefined: nobody's. */
  readonly model: CatalogModel | undefined;
  readonly nowMs: number;
}

export interface FileCount {
  readonly text: string;
  readonly json: object;
}

/** What was counted; a text: what stood in the way. */
export async function countFiles(files: readonly string[], { cwd, model, nowMs }: CountContext): Promise<FileCount | string> {
  const parts: CountedPart[] = [];
  for (const file of files) {
    try {
      parts.push(partOf(new Uint8Array(await readFile(resolve(cwd, file)))));
    } catch (error) {
      return `${file}: ${(error as Error).message}`;
    }
  }
  const tokens = estimateChatTokens({ messages: [{ parts }] }, model?.images);
  const table = model?.prices === undefined ? undefined : tableAt(model.prices, nowMs);
  const cost = table === undefined ? undefined : costOf({ inputTokens: tokens, outputTokens: 0 }, table);
  const window = model?.contextWindow;
  const facts = [
    `about ${tokens.toLocaleString('en-US')} tokens as a message${model === undefined ? '' : ` to ${model.id}`}`,
    ...(window === undefined ? [] : [`${tokens > window ? 'more than' : 'within'} its window of ${window.toLocaleString('en-US')}`]),
    ...(cost === undefined ? [] : [`about $${formatDollars(cost)} to read`]),
  ];
  return {
    text: `${files.join(', ')}: ${facts.join('; ')}`,
    json: {
      files,
      tokens,
      ...(model === undefined ? {} : { model: model.id }),
      ...(window === undefined ? {} : { fits: tokens <= window }),
      ...(cost === undefined ? {} : { input_cost_usd: Number(formatDollars(cost)) }),
    },
  };
}

/** What a file is, by its first bytes; what is none of these is taken for text. */
function partOf(bytes: Uint8Array): CountedPart {
  const start = Buffer.from(bytes.subarray(0, 12)).toString('latin1');
  const data = (media: string) => ({ kind: 'data', media, base64: Buffer.from(bytes).toString('base64') }) as const;
  if (imageSize(bytes) !== undefined) return { kind: 'image', source: data('image/*') };
  if (start.startsWith('%PDF-')) return { kind: 'file', source: data('application/pdf') };
  if ((start.startsWith('RIFF') && start.endsWith('WAVE')) || start.startsWith('ID3')) return { kind: 'audio', source: data('audio/*') };
  return { kind: 'text', text: new TextDecoder().decode(bytes) };
}
