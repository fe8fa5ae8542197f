import type { StreamType } from './dialect.ts';

/** Server-sent events, which most dialects stream in. Source: html.spec.whatwg.org/multipage/server-sent-events.html. */
export const EVENT_STREAM: StreamType = {
  media: 'text/event-stream',
  header: 'text/event-stream; charset=utf-8',
  matches: /event-stream/i,
};
