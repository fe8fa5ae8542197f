/*
 * The only place that knows OpenTelemetry's names. HTTP and exception names are stable (semantic conventions 1.45). Those of
 * generative AI are still in development there and have changed before (`gen_ai.system` became `gen_ai.provider.name`):
 * when they change again, this file does, and nothing else.
 */

export const SPAN_ATTRIBUTES = {
  httpMethod: 'http.request.method',
  httpRoute: 'http.route',
  httpStatus: 'http.response.status_code',
  urlPath: 'url.path',
  clientAddress: 'client.address',
  errorType: 'error.type',
  bytesSent: 'http.response.body.size',

  operation: 'gen_ai.operation.name',
  provider: 'gen_ai.provider.name',
  requestModel: 'gen_ai.request.model',
  responseModel: 'gen_ai.response.model',
  inputTokens: 'gen_ai.usage.input_tokens',
  outputTokens: 'gen_ai.usage.output_tokens',

  correlationId: 'gatehouse.correlation_id',
  outcome: 'gatehouse.outcome',
  principal: 'gatehouse.principal',
  tenant: 'gatehouse.tenant',
  target: 'gatehouse.target',
  endpoint: 'gatehouse.endpoint',
  attempts: 'gatehouse.attempts',
  cache: 'gatehouse.cache',
  queueMs: 'gatehouse.queue_ms',
  firstTokenMs: 'gatehouse.first_token_ms',
} as const;

/** `gen_ai.operation.name` of our operations. */
export const GENAI_OPERATIONS: Readonly<Record<string, string>> = { chat: 'chat', completion: 'text_completion', embed: 'embeddings' };
