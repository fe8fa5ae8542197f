import { z } from 'zod';
import { jsonContent, type RouteDocs } from '../pipeline/route-docs.ts';

export const ABOUT_DOCS: RouteDocs = {
  tag: 'About',
  summary: 'What answers here',
  description: 'Name, version, and where to go on. A page for browsers, JSON for everyone else.',
  replies: [
    {
      status: 200,
      description: 'About this gateway.',
      content: {
        ...jsonContent(
          z.looseObject({
            name: z.string(),
            service: z.string(),
            version: z.string(),
            description: z.string(),
            status: z.literal('running'),
            links: z.record(z.string(), z.string()).describe('Paths, by what they are.'),
          }),
        ),
        'text/html': { schema: z.string() },
      },
    },
  ],
};
