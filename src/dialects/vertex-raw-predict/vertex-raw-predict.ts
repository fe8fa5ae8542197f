/*
 * rawPredict and streamRawPredict of Vertex AI with Anthropic's body, as Claude Code and Anthropic's own client for Vertex send it. Answers and errors are
 * Anthropic's, byte for byte.
 */

import type { CallerDialect, Dialect } from '../dialect.ts';
import { decodeCloudBody } from '../dialect-claude-cloud-body.ts';
import { checkModel } from '../dialect-request.ts';

/** The form of the route that streams. */
export const VERTEX_STREAM_FORM = 'stream-raw-predict';

/** What comes before the model, behind project and location. */
const PUBLISHER = '/publishers/anthropic/models/';

/** `asked` speaks Anthropic's messages. */
export function createVertexRawPredict(asked: Dialect): CallerDialect {
  return {
    name: 'vertex-raw-predict',
    encodeError: asked.encodeError,
    errorSchema: asked.errorSchema,
    decode(kind, bytes, hints) {
      // Which model's tokens are counted stands in the body.
      if (kind === 'count-tokens') return decodeCloudBody(asked, { kind, bytes, hints, model: undefined, stream: undefined });
      const path = hints.params?.['path'] ?? '';
      const at = path.indexOf(PUBLISHER);
      const model = checkModel(at === -1 ? '' : path.slice(at + PUBLISHER.length));
      return decodeCloudBody(asked, { kind, bytes, hints, model, stream: hints.form === VERTEX_STREAM_FORM });
    },
  };
}
