/* What was found, as the text that the model is told, and as what the caller is told of it. */

import { type BlockMemory, type ContextBlock, createContextBlock } from '../../context/context-block.ts';
import type { ContextConfig } from '../../context/context-config.ts';
import type { FoundChunk } from '../../context/knowledge/knowledge.ts';
import type { Memory, RecalledMemory } from '../../context/memory/memory.ts';
import { publicMemoryId } from '../../context/memory/memory-id.ts';
import type { ToldDocument, ToldMemory } from '../../operations/context-answer.ts';
import type { Asked } from './asked.ts';
import type { ContextState } from './context-state.ts';
import type { Retrieved } from './retrieve.ts';

export interface Told {
  readonly block: ContextBlock;
  /** Writes down what is in it. */
  note(state: ContextState): void;
}

/** Undefined where nothing was found. */
export function tell(found: Retrieved, { asked, config }: { readonly asked: Asked; readonly config: ContextConfig }): Told | undefined {
  const { wish, principal, user } = asked;
  const block = createContextBlock({
    owner: `${principal.tenant}\0${user ?? ''}`,
    profile: found.profile.map(blockMemory),
    memories: found.memories.map(({ memory }) => blockMemory(memory)),
    documents: found.chunks.map(({ chunk }) => chunk),
    profileTokensMax: config.memory.profile_tokens,
    memoryTokensMax: wish.memory?.budgetTokens ?? config.memory.budget_tokens,
    documentTokensMax: wish.knowledge?.budgetTokens ?? config.knowledge.budget_tokens,
  });
  if (block === undefined) return undefined;
  const [inProfile, inMemories, inDocuments] = [new Set(block.profile), new Set(block.memories), new Set(block.documents)];
  return {
    block,
    note(state) {
      state.profile = found.profile.filter(({ id }) => inProfile.has(id)).map((memory) => toldMemory(memory, 1, user));
      // What stands in the profile was found, too.
      state.memories = found.memories
        .filter(({ memory }) => inMemories.has(memory.id) || inProfile.has(memory.id))
        .map(({ memory, score }: RecalledMemory) => toldMemory(memory, score, user));
      state.documents = found.chunks.filter((_, place) => inDocuments.has(place)).map(toldDocument);
    },
  };
}

function blockMemory({ id, text, eventMs: atMs, validToMs, role, speaker }: Memory): BlockMemory {
  return { id, text, atMs, validToMs, role, speaker };
}

function toldMemory({ id, text, eventMs: atMs }: Memory, score: number, user: string | undefined): ToldMemory {
  return { id: publicMemoryId(user ?? '', id), text, score: scoreOf(score), atMs };
}

function scoreOf(score: number): number {
  return Number.isFinite(score) ? Math.min(1, Math.max(0, score)) : 0;
}

function toldDocument({ chunk, score }: FoundChunk): ToldDocument {
  const { text, filename, file, collection, index, page, headings, attributes } = chunk;
  return {
    text,
    score: scoreOf(score),
    metadata: {
      source: filename,
      ...attributes,
      file_id: file,
      collection_id: collection,
      chunk: index,
      ...(page === undefined ? {} : { page }),
      ...(headings.length === 0 ? {} : { headings }),
    },
  };
}
