import { afterEach, describe, expect, test } from 'bun:test';
import { createManualClock } from '../../src/base/manual-clock.ts';
import { systemClock } from '../../src/base/system-clock.ts';
import type { Logger } from '../../src/telemetry/logger.ts';
import type { Span } from '../../src/telemetry/otlp.ts';
import { createSpanExporter, type SpanExporterDeps } from '../../src/telemetry/span-exporter.ts';
import { eventually } from '../harness/eventually.ts';

const servers: { stop(closeActive: boolean): Promise<void> }[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.stop(true);
});

interface Received {
  readonly path: string;
  readonly headers: Headers;
  readonly body: OtlpBody;
}

interface OtlpBody {
  resourceSpans: { resource: { attributes: unknown[] }; scopeSpans: { scope: { name: string }; spans: Record<string, unknown>[] }[] }[];
}

/** A collector over real HTTP: keeps what it is sent, and answers as it is told. */
function startCollector(answer: (requestNumber: number) => Response | Promise<Response> = () => Response.json({ partialSuccess: {} })) {
  const received: Received[] = [];
  const server = Bun.serve({
    port: 0,
    async fetch(request) {
      received.push({ path: new URL(request.url).pathname, headers: request.headers, body: (await request.json()) as OtlpBody });
      return answer(received.length);
    },
  });
  servers.push(server);
  const spans = () =>
    received.flatMap(({ body }) => body.resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap((scope) => scope.spans)));
  return { url: `http://127.0.0.1:${server.port}`, received, spans };
}

function createTestExporter(endpoint: string, options: { clock?: SpanExporterDeps['clock']; headers?: Record<string, string> } = {}) {
  const warnings: string[] = [];
  const logger: Logger = {
    debug: () => {},
    info: (message) => warnings.push(message),
    warn: (message) => warnings.push(message),
    error: () => {},
  };
  const exporter = createSpanExporter(
    { otlp_endpoint: endpoint, headers: options.headers ?? {}, sample_ratio: 1 },
    {
      clock: options.clock ?? createManualClock(),
      logger,
      fetch,
      resource: { serviceName: 'gatehouse', version: '1.0.0', instanceId: 'a' },
    },
  );
  if (exporter === undefined) throw new Error('no exporter');
  return { exporter, warnings };
}

const span: Span = {
  traceId: '0af7651916cd43dd8448eb211c80319c',
  spanId: 'b7ad6b7169203331',
  parentSpanId: '00f067aa0ba902b7',
  traceState: undefined,
  name: 'POST /v1/chat/completions',
  kind: 'server',
  startMs: 1_767_225_600_000.25,
  endMs: 1_767_225_600_145.5,
  attributes: { 'http.request.method': 'POST', 'http.response.status_code': 200, 'gatehouse.queue_ms': 1.5, missing: undefined },
  failed: false,
};

describe('spans', () => {
  test('arrive as OTLP in JSON, with the headers of the configuration', async () => {
    const collector = startCollector();
    const { exporter } = createTestExporter(collector.url, { headers: { 'x-collector-key': 'k' } });
    exporter.export(span);
    exporter.export({ ...span, spanId: '1111111111111111', parentSpanId: undefined, kind: 'client', failed: true });
    await exporter.close(5_000);
    const [request] = collector.received;
    expect(collector.received.length).toBe(1);
    expect(request?.path).toBe('/v1/traces');
    expect(request?.headers.get('content-type')).toBe('application/json');
    expect(request?.headers.get('x-collector-key')).toBe('k');
    expect(request?.body.resourceSpans[0]?.resource.attributes).toContainEqual({
      key: 'service.name',
      value: { stringValue: 'gatehouse' },
    });
    const [first, second] = collector.spans();
    expect(first).toEqual({
      traceId: span.traceId,
      spanId: span.spanId,
      parentSpanId: '00f067aa0ba902b7',
      flags: 1,
      name: 'POST /v1/chat/completions',
      kind: 2,
      startTimeUnixNano: '1767225600000250000',
      endTimeUnixNano: '1767225600145500000',
      attributes: [
        { key: 'http.request.method', value: { stringValue: 'POST' } },
        { key: 'http.response.status_code', value: { intValue: '200' } },
        { key: 'gatehouse.queue_ms', value: { doubleValue: 1.5 } },
      ],
      status: {},
    });
    expect(second).toMatchObject({ kind: 3, status: { code: 2 } });
    expect(second).not.toHaveProperty('parentSpanId');
    expect(exporter.counts).toEqual({ exported: 2, dropped: 0, failed: 0 });
  });

  test('go out in batches, without being asked', async () => {
    const collector = startCollector();
    const { exporter } = createTestExporter(collector.url);
    for (let index = 0; index < 1_200; index += 1) exporter.export(span);
    await eventually(() => exporter.counts.exported === 1_200);
    expect(collector.received.length).toBeGreaterThan(2);
    await exporter.close(5_000);
  });

  test('go out after two seconds when they are few', async () => {
    const collector = startCollector();
    const clock = createManualClock();
    const { exporter } = createTestExporter(collector.url, { clock });
    exporter.export(span);
    expect(clock.pending).toBe(1);
    clock.advance(2_000);
    await eventually(() => exporter.counts.exported === 1);
    await exporter.close(5_000);
    expect(clock.pending).toBe(0);
  });

  test('are kept and tried again while the collector is not ready, and it is said once', async () => {
    const collector = startCollector((number) => (number < 3 ? new Response('later', { status: 503 }) : Response.json({})));
    const clock = createManualClock();
    const { exporter, warnings } = createTestExporter(collector.url, { clock });
    exporter.export(span);
    clock.advance(2_000);
    await eventually(() => {
      clock.advance(1_000);
      return exporter.counts.exported === 1;
    });
    expect(collector.received.length).toBe(3);
    expect(warnings).toEqual(['The trace collector does not take spans', 'The trace collector takes spans again']);
    await exporter.close(5_000);
  });

  test('that the collector refuses for good are counted and not sent again', async () => {
    const collector = startCollector(() => new Response('bad', { status: 400 }));
    const { exporter } = createTestExporter(collector.url);
    exporter.export(span);
    await exporter.close(5_000);
    expect(collector.received.length).toBe(1);
    expect(exporter.counts).toEqual({ exported: 0, dropped: 0, failed: 1 });
  });

  test('over the bound of the queue are dropped and counted while the collector is silent', async () => {
    const silence = Promise.withResolvers<undefined>();
    const collector = startCollector(async () => {
      await silence.promise;
      return Response.json({});
    });
    const { exporter } = createTestExporter(collector.url);
    for (let index = 0; index < 512; index += 1) exporter.export(span);
    await eventually(() => collector.received.length === 1);
    for (let index = 0; index < 10_000; index += 1) exporter.export(span);
    expect(exporter.counts.dropped).toBe(10_000 - 8_192);
    silence.resolve(undefined);
    await exporter.close(10_000);
    expect(exporter.counts.exported).toBe(512 + 8_192);
  });

  test('do not hold up the end when the collector is silent or gone', async () => {
    const collector = startCollector(() => new Promise<Response>(() => {}));
    for (const endpoint of [collector.url, 'http://127.0.0.1:1']) {
      const { exporter } = createTestExporter(endpoint, { clock: systemClock });
      exporter.export(span);
      const startMs = performance.now();
      await exporter.close(100);
      expect(performance.now() - startMs).toBeLessThan(2_000);
      expect(exporter.counts.failed).toBe(1);
    }
  });
});
