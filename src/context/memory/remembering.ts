/* From what was said to what is written of it: pure, on the memories as they are. */

import type { RecordChange } from '../../stores/record/record-store.ts';
import { withoutBlocks } from '../context-block.ts';
import { placeOf } from './counted-place.ts';
import type { Memory, MemoryEvent, Remembered, RememberRequest } from './memory.ts';
import type { MemoryBook } from './memory-book.ts';
import { MemoryDraft } from './memory-draft.ts';
import { changeOf } from './memory-record.ts';
import { cleanText, hashOf, idFrom } from './memory-text.ts';
import { settle } from './settling.ts';
import { memoryOf, type Statement } from './statement.ts';

export interface Plan {
  readonly changes: readonly RecordChange[];
  readonly remembered: Remembered;
}

export interface RememberingDeps {
  readonly nowMs: number;
  readonly rules: StatementsOf;
}

/** What rules draw from the words of a user. */
type StatementsOf = (turn: Memory) => readonly Statement[];

export function planRemembering(book: MemoryBook, request: RememberRequest, deps: RememberingDeps): Plan {
  const draft = new MemoryDraft(book);
  const events: MemoryEvent[] = [];
  const ids: string[] = [];
  const firstTurn = request.firstTurn ?? countedPlace(book, request) ?? placeBefore(book, request) ?? book.endOf(request.session);
  for (const [index, said] of request.turns.entries()) {
    const turn = turnOf(request, { said, place: firstTurn + index, nowMs: deps.nowMs });
    ids.push(turn.id);
    if (turn.text === '' || !draft.isFree(turn.id)) continue;
    draft.put(turn);
    revise(draft, turn);
    if (!request.infer) events.push(added(turn));
    else if (turn.role === 'user') events.push(...learn(draft, turn, deps));
  }
  return { changes: draft.changed.map(changeOf), remembered: { turns: ids, events } };
}

function countedPlace({ view }: MemoryBook, { counted, session, turns: [first] }: RememberRequest): number | undefined {
  if (counted === undefined || first === undefined) return undefined;
  const known = [...view.turnsOf(session)].flatMap((id) => view.get(id) ?? []);
  return placeOf(wordsOf(first), counted, known);
}

/** Turns of a conversation that are looked through for one that is there already. */
const LOOKED_AT_MAX = 64;

/** Where it was written before, by a request whose answer was lost on its way: what waited since comes again. */
function placeBefore(book: MemoryBook, { mayWait, session, turns: [first] }: RememberRequest): number | undefined {
  if (mayWait !== true || first?.saidMs === undefined) return undefined;
  const hash = hashOf(wordsOf(first));
  const end = book.endOf(session);
  for (let place = end - 1; place >= Math.max(0, end - LOOKED_AT_MAX); place -= 1) {
    for (const id of book.at(session, place)) {
      const turn = book.get(id);
      if (turn?.role === first.role && turn.eventMs === first.saidMs && turn.hash === hash) return place;
    }
  }
  return undefined;
}

/** What we told a model ourselves is nobody's word. */
function wordsOf({ text }: RememberRequest['turns'][number]): string {
  return cleanText(withoutBlocks(text));
}

/** Settles what was drawn from a turn, and tells what came of it. */
function learn(draft: MemoryDraft, turn: Memory, { rules, nowMs }: RememberingDeps): MemoryEvent[] {
  return rules(turn).map((statement) => {
    const { memory, isNew } = settle(draft, memoryOf(statement, turn, nowMs));
    if (!isNew) return { id: memory.id, event: 'NONE', memory: memory.text, atMs: nowMs };
    const previous = memory.supersedes.map((id) => draft.get(id)?.text).find((text) => text !== undefined);
    return { ...added(memory), ...(previous === undefined ? {} : { previous }) };
  });
}

function added({ id, text, createdMs }: Memory): MemoryEvent {
  return { id, event: 'ADD', memory: text, atMs: createdMs };
}

interface Place {
  readonly said: RememberRequest['turns'][number];
  readonly place: number;
  readonly nowMs: number;
}

/** The id follows from where it was said and what was said: the same twice is one, and other words at the same place are another. */
function turnOf(request: RememberRequest, { said, place, nowMs }: Place): Memory {
  const text = wordsOf(said);
  const saidMs = said.saidMs ?? nowMs;
  const { session, agent, run, expiresMs } = request;
  return {
    id: idFrom(request.infer ? 'turn' : 'given', session, place, said.role, text),
    kind: request.infer ? 'turn' : 'fact',
    text,
    role: said.role,
    ...(said.speaker === undefined ? {} : { speaker: said.speaker }),
    ...(agent === undefined ? {} : { agent }),
    ...(run === undefined ? {} : { run }),
    session,
    turn: place,
    createdMs: nowMs,
    updatedMs: nowMs,
    eventMs: saidMs,
    validFromMs: saidMs,
    supersedes: [],
    importance: 0.5,
    touchesMs: [],
    hash: hashOf(text),
    sources: [],
    ...(expiresMs === undefined ? {} : { expiresMs }),
    metadata: request.metadata ?? {},
    ...(request.immutable === true ? { immutable: true } : {}),
  };
}

/** The ids that the turns of a request will have, where it tells their place: they follow from what it says. */
export function turnIds(request: RememberRequest & { readonly firstTurn: number }): string[] {
  return request.turns.map((said, index) => turnOf(request, { said, place: request.firstTurn + index, nowMs: 0 }).id);
}

/** Of what the same role said at the same place, as when a message is edited and sent anew, the latest counts. */
function revise(draft: MemoryDraft, turn: Memory): void {
  if (turn.kind !== 'turn') return;
  const revisions = draft
    .at(turn.session, turn.turn)
    .filter(({ role }) => role === turn.role)
    .sort((a, b) => a.eventMs - b.eventMs || (a.id < b.id ? -1 : 1));
  if (revisions.length === 1) return;
  for (const [index, revision] of revisions.entries()) {
    const before = revisions[index - 1];
    const next = revisions[index + 1];
    const { validToMs: _validTo, supersededBy: _supersededBy, ...open } = revision;
    draft.put({
      ...open,
      supersedes: before === undefined ? [] : [before.id],
      ...(next === undefined ? {} : { validToMs: next.eventMs, supersededBy: next.id }),
    });
  }
}
