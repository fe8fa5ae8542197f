import { shownAs } from '../json-instance.ts';

/** What is wrong with an event that a client sent; told in an `error` event, and the session goes on. */
export class ClientError extends Error {
  override readonly name = 'ClientError';
  readonly code: string | null;
  readonly param: string | null;

  constructor(message: string, code: string | null = 'invalid_value', param: string | null = null) {
    super(message);
    this.code = code;
    this.param = param;
  }
}

export function missing(param: string): ClientError {
  return new ClientError(`Missing required parameter: '${param}'.`, 'missing_required_parameter', param);
}

export function unsupported(value: unknown, words: readonly string[], param: string): ClientError {
  const shown = shownAs(value).slice(0, 64);
  return new ClientError(
    `Invalid value: '${shown}'. Supported values are: ${words.map((word) => `'${word}'`).join(', ')}.`,
    'invalid_value',
    param,
  );
}
