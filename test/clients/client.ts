import type { ChatFeature } from '../../src/operations/chat-features.ts';

/** What applications do with a model, as one of the clients does it that they are built with. Each method runs the client's own code from end to end. */
export interface ClientUnderTest {
  readonly name: string;
  /** The whole answer to a question. */
  ask(model: string, question: string): Promise<string>;
  /** The same, put together from a stream, and how many pieces it came in. */
  stream(model: string, question: string): Promise<Streamed>;
  /** Lets the model use `weather` until it answers in words. */
  useTool(model: string, question: string): Promise<ToolUse>;
  /** An answer that fits FORECAST_SCHEMA; undefined where the client has no such thing. */
  forecast?(model: string, question: string): Promise<unknown>;
  /** What the target's dialect must be able to say for that, where it is not `schema-output`. */
  readonly forecastNeeds?: ChatFeature;
}

export interface Streamed {
  readonly text: string;
  readonly pieces: number;
}

export interface ToolUse {
  /** The arguments of every call, as the client parsed them. */
  readonly calls: readonly unknown[];
  readonly text: string;
}

export interface Access {
  /** Of the gateway, without a version path. */
  readonly url: string;
  readonly key: string;
}

export const WEATHER = {
  name: 'weather',
  description: 'Tells the weather of a city.',
  schema: {
    type: 'object',
    properties: { city: { type: 'string' }, unit: { type: 'string', enum: ['celsius', 'fahrenheit'] } },
    required: ['city', 'unit'],
    additionalProperties: false,
  },
  answer: 'sunny, 21 degrees',
} as const;

export const FORECAST_SCHEMA = {
  type: 'object',
  properties: { city: { type: 'string' }, degrees: { type: 'integer' }, windy: { type: 'boolean' } },
  required: ['city', 'degrees', 'windy'],
  additionalProperties: false,
} as const;

/** More turns than any honest conversation here takes: a model that never stops calling is a failure. */
export const TURNS_MAX = 5;

/** Puts a stream together. */
export async function collect(stream: AsyncIterable<string | undefined>): Promise<Streamed> {
  let text = '';
  let pieces = 0;
  for await (const piece of stream) {
    if (piece === undefined || piece === '') continue;
    text += piece;
    pieces += 1;
  }
  return { text, pieces };
}
