/** Responses kept for `previous_response_id` and for those who ask for them by id. Bounded: the least recently used go first. */
import { createLru } from '../../base/lru.ts';
import type { Item } from './items.ts';
import type { ResponseObject } from './shapes.ts';

export interface Turn {
  readonly response: ResponseObject;
  /** Everything that led to it, what came with earlier turns included. */
  readonly input: readonly Item[];
  /** `input` and what was answered: where the next turn goes on. */
  readonly context: readonly Item[];
}

/** Where a request finds the turns before it, and leaves its own. */
export interface TurnMemory {
  find(id: string): Turn | undefined;
  keep(turn: Turn): void;
}

export class ResponseStore implements TurnMemory {
  readonly #turns = createLru<Turn>({ entriesMax: 10_000, bytesMax: 64_000_000 });
  readonly #items = createLru<Item>({ entriesMax: 100_000, bytesMax: 64_000_000 });

  find(id: string): Turn | undefined {
    return this.#turns.get(id);
  }

  /** An item of a stored response, for those who send its id alone. */
  item(id: string): Item | undefined {
    return this.#items.get(id);
  }

  keep(turn: Turn): void {
    const bytes = turn.context.reduce((total, item) => total + item.text.length, 1_000);
    this.#turns.set(turn.response.id, turn, bytes);
    for (const item of turn.context) this.#items.set(item.id, item, item.text.length);
  }

  delete(id: string): boolean {
    return this.#turns.delete(id);
  }

  clear(): void {
    this.#turns.clear();
    this.#items.clear();
  }
}
