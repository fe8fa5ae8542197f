/* Routes whose requests and replies pass as they are: pictures, sound, moderation, as the OpenAI API has them. */

import type { Route } from '../edge/route-table.ts';
import type { PassedKind } from '../operations/operation.ts';
import type { Handler } from '../pipeline/policy.ts';
import type { ExampleModels } from './example-models.ts';

export type MediaKind = Exclude<PassedKind, 'realtime' | 'files' | 'batches'>;

const MEDIA_ROUTES: readonly { readonly pattern: string; readonly operation: MediaKind; readonly takesForms?: true }[] = [
  { pattern: '/v1/images/generations', operation: 'image' },
  { pattern: '/v1/images/edits', operation: 'image-edit', takesForms: true },
  { pattern: '/v1/images/variations', operation: 'image-variation', takesForms: true },
  { pattern: '/v1/audio/speech', operation: 'speech' },
  { pattern: '/v1/audio/transcriptions', operation: 'transcription', takesForms: true },
  { pattern: '/v1/audio/translations', operation: 'translation', takesForms: true },
  { pattern: '/v1/moderations', operation: 'moderation' },
];

/** `examples`: models that the documentation may name. */
export function createMediaRoutes(call: Handler, examples: ExampleModels): Route[] {
  return MEDIA_ROUTES.map((row) => ({
    ...row,
    methods: ['POST'],
    kind: 'model',
    access: 'key',
    dialect: 'openai-chat',
    handler: call,
    docs: async () => (await import('./media-docs.ts')).mediaDocs(row.operation, examples),
  }));
}
