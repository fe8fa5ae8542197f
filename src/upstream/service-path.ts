import type { ServiceConfig } from './services-config.ts';

/** How a service route's path becomes the path at the service. Percent-encoding is left as it was sent. Made once per route. */
export function createPathRewrite(pattern: string, service: Pick<ServiceConfig, 'strip_prefix' | 'rewrite'>): (path: string) => string {
  const { strip_prefix: strip, rewrite } = service;
  if (strip !== undefined) {
    const prefix = strip.replace(/\/+$/, '');
    return (path) => (path === prefix ? '/' : path.startsWith(`${prefix}/`) ? path.slice(prefix.length) : path);
  }
  if (rewrite === undefined) return (path) => path;
  if (!rewrite.endsWith('*')) return () => rewrite;
  const base = rewrite.slice(0, -1);
  const before = pattern.endsWith('*') ? pattern.slice(0, -1) : pattern;
  return (path) => base + (path.startsWith(before) ? path.slice(before.length) : '');
}
