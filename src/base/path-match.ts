/** Whether a path is meant by a pattern: an exact path, or one ending in `*` for all that begins so (`/api/*` also means `/api`). */
export function createPathMatch(pattern: string): (path: string) => boolean {
  if (!pattern.endsWith('*')) return (path) => path === pattern;
  const prefix = pattern.slice(0, -1);
  const bare = prefix.endsWith('/') ? prefix.slice(0, -1) : undefined;
  return (path) => path.startsWith(prefix) || path === bare;
}
