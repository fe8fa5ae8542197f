import { z } from 'zod';
import type { RouteDocs } from '../../pipeline/route-docs.ts';

export const DOCUMENT_DOCS: RouteDocs = {
  tag: 'About',
  summary: 'This document',
  description: 'What this gateway serves as it is configured now, as OpenAPI 3.1. A reload of the configuration gives a new one.',
  replies: [
    {
      status: 200,
      description: 'The document.',
      headers: { ETag: 'Changes with the document.' },
      content: {
        'application/json': {
          schema: z.looseObject({ openapi: z.string(), info: z.looseObject({ title: z.string() }), paths: z.looseObject({}) }),
        },
      },
    },
    { status: 304, description: 'It is what `If-None-Match` names.' },
  ],
};

export const SWAGGER_DOCS = pageDocs(
  'Interactive documentation',
  'Swagger UI over `/openapi.json`: every operation can be tried out here, with a key of yours. Works without the internet.',
);

export const REDOC_DOCS = pageDocs(
  'Documentation to read',
  'ReDoc over `/openapi.json`: the same document as one long page. Works without the internet.',
);

function pageDocs(summary: string, description: string): RouteDocs {
  return {
    tag: 'About',
    summary,
    description,
    replies: [{ status: 200, description: 'The page.', content: { 'text/html': { schema: z.string() } } }],
  };
}

/** `example`: the name of such a file. */
export function assetDocs(example: string): RouteDocs {
  return {
    tag: 'About',
    summary: 'A file of the documentation pages',
    description: 'Scripts and styles that `/docs` and `/redoc` load. The address has the hash of what is in it.',
    parameters: [{ name: 'file', in: 'path', description: 'As the pages name it.', example }],
    replies: [
      {
        status: 200,
        description: 'The file.',
        content: { 'text/css': { schema: z.string() }, 'text/javascript': { schema: z.string() } },
      },
    ],
    errors: ['resource_unknown'],
  };
}
