import { z } from 'zod';
import { jsonContent, type RouteDocs } from '../pipeline/route-docs.ts';

const names = z.array(z.string());

const capabilities = z
  .looseObject({
    features: z
      .record(
        z.string(),
        z.looseObject({
          side: z.enum(['request', 'reply']),
          weight: z.enum(['content', 'setting']),
          when_lost: z.enum(['warn', 'drop', 'reject']).optional().describe('What this gateway does about a request with it.'),
          description: z.string(),
        }),
      )
      .describe('Everything that a chat may ask for or tell, by name.'),
    dialects: z
      .record(z.string(), z.looseObject({}))
      .describe(
        'What each dialect can say of it: `yes`, `near` (by something close) or `no`; and `heard`: what callers may ask in it although its targets are not told.',
      ),
    crossings: z.array(z.looseObject({ from: z.string(), to: z.string(), operations: names, lost: names, adapted: names })),
  })
  .meta({ id: 'Capabilities' });

export const CAPABILITIES_DOCS: RouteDocs = {
  tag: 'Models',
  summary: 'What survives between dialects',
  description:
    'A caller and a model need not speak the same dialect. This says, for every pair, what gets lost on the way and what is said by something close to it; everything else survives. Between equal dialects the bytes pass.',
  replies: [{ status: 200, description: 'The matrix.', content: jsonContent(capabilities) }],
};
