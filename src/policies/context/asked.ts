/* What one chat asks of memory and knowledge, as far as it may and can be done: whose memory, which conversation, which question. */

import { GatewayError } from '../../base/errors.ts';
import type { ContextConfig } from '../../context/context-config.ts';
import type { Memory, MemoryPartition } from '../../context/memory/memory.ts';
import { sameText } from '../../context/memory/memory-text.ts';
import type { Dialect } from '../../dialects/dialect.ts';
import type { Conversation } from '../../dialects/dialect-conversation.ts';
import type { ContextWish } from '../../operations/context-wish.ts';
import type { Principal } from '../../pipeline/facts.ts';
import { ContextState } from './context-state.ts';
import { questionOf, userWords } from './said.ts';
import { sessionOf, userOf, type Wished, type WishSources } from './wish.ts';

export interface Asked {
  readonly wish: ContextWish;
  readonly principal: Principal;
  readonly user: string | undefined;
  /** Anything was asked for. */
  readonly isAny: boolean;
  /** Anything of it can be done. */
  readonly isOn: boolean;
  /** Memory was asked for, to be told or to be written. */
  readonly asksMemory: boolean;
  /** Whose memories are told; undefined: none are. */
  readonly read: MemoryPartition | undefined;
  /** Whose memory the turn goes into; undefined: nobody's. */
  readonly write: MemoryPartition | undefined;
  readonly knowledge: boolean;
  readonly conversation: Conversation | undefined;
  readonly session: string;
  /** Turns before the question. */
  readonly place: number;
  /** The user's words, as they are remembered; empty where there are none. */
  readonly words: string;
  /** The same, as they are asked with. */
  readonly question: string;
  readonly previous: string | undefined;
  /** What the user said before, in whole, and its place. */
  readonly before: { readonly place: number; readonly text: string } | undefined;
  /** From which place on the remembered turns of the session are this conversation's own, and no news in it; undefined: none of them. */
  readonly knownFrom: number | undefined;
  /** Whether a memory is no news here: it is said in the conversation, or was said at this very place of it before. */
  readonly isKnown: (memory: Memory) => boolean;
  readonly state: ContextState;
}

export interface AskedSources extends WishSources {
  readonly wished: Wished;
  readonly dialect: Dialect;
  readonly config: ContextConfig;
  readonly hasEngine: boolean;
}

/** Throws `resource_unknown` for a user who is not the caller's, and `request_invalid` where a request wants memory and does not say whose. */
export function askedOf(sources: AskedSources): Asked {
  const { wished, operation, principal, headers, dialect, config, hasEngine } = sources;
  const { wish } = wished;
  const user = userOf(wish, sources);
  const state = new ContextState();
  const [read, write, knows] = [wish.memory?.read === true, wish.memory?.write === true, wish.knowledge?.on === true];
  if (user === undefined && wished.asksMemory)
    throw new GatewayError('request_invalid', 'memory needs a user: name one in the wish (`user`), or use a key that is bound to one', {
      param: 'user_id',
    });

  const isAny = read || write || knows;
  const conversation = isAny ? dialect.conversation?.(operation) : undefined;
  const turns = turnsOf(conversation);
  const memory = (read || write) && allows('memory', user === undefined ? 'no_user' : undefined);
  const knowledge = knows && allows('knowledge', undefined);
  function allows(part: 'memory' | 'knowledge', reason: 'no_user' | undefined): boolean {
    const why =
      !hasEngine || !config[part].enabled ? 'disabled' : (reason ?? (conversation?.question === undefined ? 'no_question' : undefined));
    if (why !== undefined) state.skip(part, why);
    return why === undefined;
  }

  const partition: MemoryPartition = { tenant: principal.tenant, kind: 'memory', name: user ?? '' };
  state.user = user;
  const named = sessionOf(wish, headers);
  const session = named ?? derivedSession(conversation?.opening ?? '');
  // Where the caller named it, it may send less of the conversation than there was.
  const knownFrom = named === undefined ? 0 : turns.place > 0 ? turns.place : undefined;
  return {
    wish,
    principal,
    user,
    isAny,
    isOn: memory || knowledge,
    asksMemory: read || write,
    read: memory && read ? partition : undefined,
    write: memory && write ? partition : undefined,
    knowledge,
    conversation,
    session,
    ...turns,
    knownFrom,
    isKnown: knownHere(conversation, session, knownFrom),
    state,
  };
}

function turnsOf(conversation: Conversation | undefined): Pick<Asked, 'place' | 'words' | 'question' | 'previous' | 'before'> {
  const place = conversation?.question;
  if (conversation === undefined || place === undefined) return NOTHING_SAID;
  const words = userWords(conversation.sayings[place]?.text ?? '');
  const at = conversation.sayings.slice(0, place).findLastIndex(({ role, text }) => role === 'user' && text !== '');
  const before = at === -1 ? undefined : { place: at, text: userWords(conversation.sayings[at]?.text ?? '') };
  return { place, words, question: questionOf(words), previous: before === undefined ? undefined : questionOf(before.text), before };
}

const NOTHING_SAID = { place: 0, words: '', question: '', previous: undefined, before: undefined };

/** The same for all states of one conversation, since each begins as the one before it. */
function derivedSession(opening: string): string {
  return `conv_${new Bun.CryptoHasher('sha256').update(opening).digest('base64url').slice(0, 22)}`;
}

function knownHere(conversation: Conversation | undefined, session: string, knownFrom: number | undefined): (memory: Memory) => boolean {
  let texts: Set<string> | undefined;
  return (memory) => {
    // What was answered here before, to the same question, is what this answer takes the place of.
    if (memory.kind === 'turn' && memory.session === session && knownFrom !== undefined && memory.turn >= knownFrom) return true;
    texts ??= new Set(conversation?.sayings.map(({ text }) => sameText(text)));
    return texts.has(sameText(memory.text));
  };
}
