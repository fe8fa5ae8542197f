import { expect, test } from 'bun:test';
import { GatewayError } from '../base/errors.ts';
import { encodeServiceError, errorReply } from './error-reply.ts';

/** The error shapes that the documents of the AI microservices gateway show, word for word. */
for (const { name, error, want } of [
  {
    name: 'a breaker that is open',
    error: new GatewayError('breaker_open', "Circuit breaker 'recommendation-service' is OPEN"),
    want: {
      status: 503,
      error: { type: 'service_unavailable', message: "Circuit breaker 'recommendation-service' is OPEN", correlation_id: 'abc-123' },
    },
  },
  {
    name: 'a fault of our own',
    error: new GatewayError('internal_error', 'An unexpected error occurred'),
    want: { status: 500, error: { type: 'internal_server_error', message: 'An unexpected error occurred', correlation_id: 'abc-123' } },
  },
]) {
  test(`the service shape of ${name} is the documented one`, () => {
    const { status, body } = errorReply(error, 'abc-123', encodeServiceError);
    expect({ status, ...(JSON.parse(body as string) as object) }).toMatchObject(want);
  });
}
