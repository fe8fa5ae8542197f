/**
 * Whether a path is meant by a pattern: an exact path, or one ending in `*` for all that begins so (`/api/*` also means `/api`). A slash at
 * its end changes nothing, as it leads to the same route.
 */
export function createPathMatch(pattern: string): (path: string) => boolean {
  if (!pattern.endsWith('*'))
    return (path) => path === pattern || (path.length === pattern.length + 1 && path.endsWith('/') && path.startsWith(pattern));
  const prefix = pattern.slice(0, -1);
  const bare = prefix.endsWith('/') ? prefix.slice(0, -1) : undefined;
  return (path) => path.startsWith(prefix) || path === bare;
}
