import { expect, test } from 'bun:test';
import { createPathMatch } from './path-match.ts';

for (const { pattern, path, want } of [
  { pattern: '/api/chat', path: '/api/chat', want: true },
  // It leads to the same route, so no limit may be passed by with it.
  { pattern: '/api/chat', path: '/api/chat/', want: true },
  { pattern: '/api/chat', path: '/api/chat//', want: false },
  { pattern: '/api/chat', path: '/api/chats', want: false },
  { pattern: '/api/chat', path: '/api/cha/', want: false },
  { pattern: '/api/chat', path: '/api', want: false },
  { pattern: '/api/*', path: '/api', want: true },
  { pattern: '/api/*', path: '/api/', want: true },
  { pattern: '/api/*', path: '/api/x/y', want: true },
  { pattern: '/api/*', path: '/apis', want: false },
  { pattern: '/*', path: '/x', want: true },
]) {
  test(`${pattern} ${want ? 'means' : 'does not mean'} ${path}`, () => expect(createPathMatch(pattern)(path)).toBe(want));
}
