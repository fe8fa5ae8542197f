/* What the routes of pictures, sound and moderation say of themselves. */

import { z } from 'zod';
import {
  imageEditForm,
  imageEditRequest,
  imageEvent,
  imageReply,
  imageRequest,
  imageVariationForm,
  moderationReply,
  moderationRequest,
  speechEvent,
  speechRequest,
  transcriptionEvent,
  transcriptionForm,
  transcriptionReply,
} from '../dialects/openai-chat/media/schemas.ts';
import { type ContentDocs, jsonContent, type RouteDocs } from '../pipeline/route-docs.ts';
import type { ExampleModels } from './example-models.ts';
import type { MediaKind } from './media-routes.ts';

const PASSES =
  'The request passes to the model as it was sent, and so does the answer. When a target fails before its answer has begun, the next one is asked.';
const FORMS = `A form comes in whole before it goes on, and is sent anew to the next target when one fails: see \`media.form_bytes_max\`. ${PASSES}`;

const events = (schema: z.ZodType): Readonly<Record<string, ContentDocs>> => ({
  'text/event-stream': { schema: z.string().describe('`data: ` with an event each, of which the last has the usage.'), events: schema },
});

const example = (summary: string, value: object) => ({ example: { summary, value } });

/** The least that is a picture: one dot, as a GIF. */
const DOT = {
  filename: 'dot.gif',
  content:
    'GIF89a\u0001\u0000\u0001\u0000\u0000\u0000\u0000,\u0000\u0000\u0000\u0000\u0001\u0000\u0001\u0000\u0000\u0002\u0002D\u0001\u0000;',
};

const pictures = (description: string): RouteDocs['replies'] => [
  { status: 200, description, content: { ...jsonContent(imageReply), ...events(imageEvent) } },
];

type Docs = (models: ExampleModels) => RouteDocs;

const image: Docs = ({ chat: model }) => ({
  tag: 'Media',
  summary: 'Make pictures',
  description: `Pictures from words, whole or streamed. ${PASSES}`,
  body: {
    content: {
      'application/json': {
        schema: imageRequest,
        examples: {
          whole: { summary: 'A picture', value: { model, prompt: 'A gatehouse at dawn', size: '1024x1024' } },
          streamed: {
            summary: 'A picture in the making',
            value: { model, prompt: 'A gatehouse at dawn', stream: true, partial_images: 2 },
          },
        },
      },
    },
  },
  replies: pictures('The pictures, or events when `stream` is true.'),
});

const imageEdit: Docs = ({ chat: model }) => ({
  tag: 'Media',
  summary: 'Change pictures',
  description: `Pictures from pictures and words, as a form with the pictures in it or as JSON that names them. ${FORMS}`,
  body: {
    content: {
      'multipart/form-data': { schema: imageEditForm, examples: example('A form', { model, prompt: 'Add a moat', image: DOT }) },
      'application/json': {
        schema: imageEditRequest,
        examples: example('By address', { model, prompt: 'Add a moat', images: [{ image_url: 'https://example.com/gatehouse.png' }] }),
      },
    },
  },
  replies: pictures('The pictures, or events when `stream` is true.'),
});

const imageVariation: Docs = ({ chat: model }) => ({
  tag: 'Media',
  summary: 'Vary a picture',
  description: `Others like a picture. ${FORMS}`,
  body: { content: { 'multipart/form-data': { schema: imageVariationForm, examples: example('A form', { model, image: DOT }) } } },
  replies: [{ status: 200, description: 'The pictures.', content: jsonContent(imageReply) }],
});

const speech: Docs = ({ chat: model }) => ({
  tag: 'Media',
  summary: 'Speak a text',
  description: `Sound from words, handed on as it comes. ${PASSES}`,
  body: {
    content: {
      'application/json': {
        schema: speechRequest,
        examples: {
          file: { summary: 'A file', value: { model, voice: 'alloy', input: 'Who goes there?', response_format: 'wav' } },
          events: { summary: 'Events', value: { model, voice: 'alloy', input: 'Who goes there?', stream_format: 'sse' } },
        },
      },
    },
  },
  replies: [
    {
      status: 200,
      description: 'The sound, in the format that was asked for, or events when `stream_format` is `sse`.',
      content: { '*/*': { schema: z.string().describe('The bytes of the file.') }, ...events(speechEvent) },
    },
  ],
});

const TEXTS: Readonly<Record<string, ContentDocs>> = {
  'text/plain': { schema: z.string().describe('The text, or subtitles.') },
  '*/*': { schema: z.string().describe('Subtitles.') },
};

const transcription: Docs = ({ chat: model }) => {
  const recording = { filename: 'gate.wav', content: 'RIFF' };
  return {
    tag: 'Media',
    summary: 'Write down a recording',
    description: `The words of a recording, as JSON, text or subtitles, whole or streamed. ${FORMS}`,
    body: {
      content: {
        'multipart/form-data': {
          schema: transcriptionForm,
          examples: {
            json: { summary: 'As JSON', value: { model, file: recording } },
            subtitles: { summary: 'As subtitles', value: { model, file: recording, response_format: 'srt' } },
            streamed: { summary: 'As it is understood', value: { model, file: recording, stream: 'true' } },
          },
        },
      },
    },
    replies: [
      {
        status: 200,
        description: 'The words, in the format that was asked for.',
        content: { ...jsonContent(transcriptionReply), ...TEXTS, ...events(transcriptionEvent) },
      },
    ],
  };
};

const translation: Docs = ({ chat: model }) => ({
  tag: 'Media',
  summary: 'Translate a recording',
  description: `The words of a recording, in English. ${FORMS}`,
  body: {
    content: {
      'multipart/form-data': {
        schema: transcriptionForm,
        examples: example('As JSON', { model, file: { filename: 'tor.wav', content: 'RIFF' } }),
      },
    },
  },
  replies: [
    { status: 200, description: 'The words, in the format that was asked for.', content: { ...jsonContent(transcriptionReply), ...TEXTS } },
  ],
});

const moderation: Docs = ({ chat: model }) => ({
  tag: 'Media',
  summary: 'Judge a text or a picture',
  description: `Whether something is harmful, and in what way. ${PASSES}`,
  body: {
    content: {
      'application/json': { schema: moderationRequest, examples: example('A text', { model, input: 'I will storm your gate!' }) },
    },
  },
  replies: [{ status: 200, description: 'A judgement of each input.', content: jsonContent(moderationReply) }],
});

const DOCS: Readonly<Record<MediaKind, Docs>> = {
  image,
  'image-edit': imageEdit,
  'image-variation': imageVariation,
  speech,
  transcription,
  translation,
  moderation,
};

export function mediaDocs(kind: MediaKind, models: ExampleModels): RouteDocs {
  return DOCS[kind](models);
}
