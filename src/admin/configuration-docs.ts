import { z } from 'zod';
import { jsonContent, type RouteDocs } from '../pipeline/route-docs.ts';

export const RELOAD_DOCS: RouteDocs = {
  tag: 'Administration',
  summary: 'Read the configuration anew',
  description:
    'Reads the file and the variables again and swaps in what they mean, without dropping a request. What cannot be served is refused with all of its problems, and the old configuration stays.',
  replies: [
    {
      status: 200,
      description: 'It is in force.',
      content: jsonContent(
        z.looseObject({ status: z.literal('applied'), changed: z.array(z.string()).describe('Paths of the settings that changed.') }),
        {
          status: 'applied',
          changed: ['limits.default.per_minute'],
        },
      ),
    },
  ],
  errors: ['config_invalid'],
};

export const SHOW_DOCS: RouteDocs = {
  tag: 'Administration',
  summary: 'The configuration in force',
  description:
    'Every setting with its value and where it came from: a default, a line of the file, a variable, a flag. Secrets are hidden.',
  replies: [
    {
      status: 200,
      description: 'Settings by path.',
      content: jsonContent(z.record(z.string(), z.looseObject({ value: z.unknown(), origin: z.string() })), {
        'server.port': { value: 8080, origin: 'default' },
      }),
    },
  ],
};
