/*
 * The wish of a header:
 *
 *   x-gatehouse-context: memory=read,write; knowledge=vs_1,vs_2; user=alice; session=s-1
 *
 * Words with `;` between, each once, in any order. Values are as they are, or percent-encoded where they have a space, a comma, a semicolon or a letter beyond
 * ASCII. `memory` is `read`, `write`, both, `on` or `off`; `knowledge` is `on`, `off`, or ids of collections. What is not so is refused: a wish that is
 * half understood is worse than none.
 */

import { GatewayError } from '../base/errors.ts';
import type { ContextWish, KnowledgeWish, MemoryWish } from './context-wish.ts';

export const CONTEXT_HEADER = 'x-gatehouse-context';

/** Longer than any wish. */
const CHARS_MAX = 4_096;
const COLLECTIONS_MAX = 16;
// oxlint-disable-next-line no-control-regex
const NAME = /^[^\u0000-\u001f\u007f]{1,256}$/;
const WRITTEN = /^[^\s;,=]+$/;
const NAMES: Readonly<Record<string, 'user' | 'session' | 'agent' | 'run'>> = {
  user: 'user',
  session: 'session',
  agent: 'agent',
  run: 'run',
};

/** Throws `request_invalid` for what is no wish. */
export function readContextHeader(text: string): ContextWish {
  if (text.length > CHARS_MAX) throw refused(`must not be longer than ${CHARS_MAX} characters`);
  const wish: Record<string, unknown> = {};
  const seen = new Set<string>();
  for (const part of text.split(';')) {
    const at = part.indexOf('=');
    const word = part.slice(0, at === -1 ? part.length : at).trim();
    if (at === -1 || word === '') throw refused(`must be words such as memory=read,write with ';' between, not '${shown(part)}'`);
    if (seen.has(word)) throw refused(`says '${shown(word)}' twice`);
    seen.add(word);
    const value = part.slice(at + 1).trim();
    if (word === 'memory') wish['memory'] = memoryOf(value);
    else if (word === 'knowledge') wish['knowledge'] = knowledgeOf(value);
    else if (NAMES[word] !== undefined) wish[NAMES[word]] = nameOf(word, value);
    else throw refused(`knows memory, knowledge, user, session, agent and run, not '${shown(word)}'`);
  }
  return wish;
}

function memoryOf(value: string): MemoryWish {
  if (value === 'on') return { read: true, write: true };
  if (value === 'off') return { read: false, write: false };
  const words = value.split(',').map((word) => word.trim());
  if (new Set(words).size !== words.length || words.some((word) => word !== 'read' && word !== 'write'))
    throw refused(`'memory' must be read, write, both of them, on or off, not '${shown(value)}'`);
  return { read: words.includes('read'), write: words.includes('write') };
}

function knowledgeOf(value: string): KnowledgeWish {
  if (value === 'on' || value === 'off') return { on: value === 'on' };
  const collections = value.split(',').map((id) => nameOf('knowledge', id.trim()));
  if (collections.length > COLLECTIONS_MAX) throw refused(`must not name more than ${COLLECTIONS_MAX} collections`);
  return { on: true, collections: [...new Set(collections)] };
}

function nameOf(word: string, value: string): string {
  const name = WRITTEN.test(value) ? decoded(value) : undefined;
  if (name === undefined || !NAME.test(name)) throw refused(`'${word}' must be a name of 1 to 256 characters, not '${shown(value)}'`);
  return name;
}

function decoded(value: string): string | undefined {
  try {
    return decodeURIComponent(value);
  } catch {
    return undefined;
  }
}

function refused(what: string): GatewayError {
  return new GatewayError('request_invalid', `the header '${CONTEXT_HEADER}' ${what}`, { param: CONTEXT_HEADER });
}

function shown(text: string): string {
  return text.trim().slice(0, 60);
}
