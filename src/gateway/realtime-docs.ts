/* What the realtime routes say of themselves: OpenAPI has no words for a WebSocket, so they are in docs/guides/realtime.md instead. */

import type { RouteDocs } from '../pipeline/route-docs.ts';

export const REALTIME_DOCS: RouteDocs = {
  tag: 'Chat',
  summary: 'Talk to a model over WebSocket',
  description: 'See docs/guides/realtime.md.',
  replies: [{ status: 101, description: 'The connection is a WebSocket.' }],
  unlisted: true,
};
