import type { SaveState } from '../../operations/context-answer.ts';
import type { Exchange } from '../../pipeline/exchange.ts';
import type { Asked } from './asked.ts';

/** What a caller of any dialect is told by header: how much was put beside its words, what was left out, and what became of the turn. */
export function noteHeaders({ replyHeaders }: Exchange, { state, asksMemory }: Asked, saved: SaveState): void {
  const { profile, memories, documents, leftOut } = state;
  if (asksMemory) replyHeaders['x-gatehouse-memory'] = `injected=${profile.length + memories.length};saved=${saved}`;
  const left = leftOut.map(({ part, reason }) => `${part}:${reason}`).join(',');
  replyHeaders['x-gatehouse-context'] =
    `profile=${profile.length};memories=${memories.length};documents=${documents.length}${left === '' ? '' : `;left-out=${left}`}`;
}
