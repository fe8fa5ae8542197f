import { describe, expect, test } from 'bun:test';
import { GatewayError } from '../../base/errors.ts';
import { createManualClock } from '../../base/manual-clock.ts';
import { Exchange } from '../../pipeline/exchange.ts';
import { queueFact } from '../../pipeline/facts.ts';
import type { Handler } from '../../pipeline/policy.ts';
import type { RouteInfo } from '../../pipeline/route.ts';
import { createAdmission } from './admit.ts';

const ROUTE: RouteInfo = { pattern: '/x', kind: 'model', access: 'key', dialect: 'service' };

function setup(config: { concurrent_max: number; queue_max: number; queue_timeout: number }) {
  const clock = createManualClock();
  const admission = createAdmission(config, { clock });
  const layer = admission.policy.layer(ROUTE);
  if (layer === undefined) throw new Error('admission applies to model routes');
  const admitted = layer(() => Promise.resolve({ status: 200, headers: {}, body: null }));
  const handler: Handler = async (request, exchange) => admitted(request, exchange);
  const enter = (controller = new AbortController()) => {
    const exchange = new Exchange({ id: 'c', route: ROUTE, signal: controller.signal, address: '::1', clock });
    const reply = handler({} as never, exchange);
    // A refusal is looked at later; until then it must not count as unhandled.
    reply.catch(() => {});
    return { exchange, reply, controller };
  };
  return { clock, admission, enter };
}

const done = (exchange: Exchange): void => exchange.end({ kind: 'complete', status: 200, bytesSent: 0 });

async function codeOf(reply: Promise<unknown>): Promise<string> {
  try {
    await reply;
    return 'ok';
  } catch (error) {
    return error instanceof GatewayError ? error.code : String(error);
  }
}

describe('admission', () => {
  test('a place is held until the exchange ends, not until the reply begins', async () => {
    const { admission, enter } = setup({ concurrent_max: 2, queue_max: 1, queue_timeout: 1_000 });
    const first = enter();
    await first.reply;
    expect(admission.running).toBe(1);
    done(first.exchange);
    expect(admission.running).toBe(0);
  });

  test('who waits is let in oldest first, and told how long it took', async () => {
    const { clock, admission, enter } = setup({ concurrent_max: 1, queue_max: 2, queue_timeout: 1_000 });
    const running = enter();
    await running.reply;
    const second = enter();
    const third = enter();
    expect(admission.waiting).toBe(2);
    clock.advance(40);
    done(running.exchange);
    await second.reply;
    expect(second.exchange.peek(queueFact)).toBe(40);
    expect(admission.waiting).toBe(1);
    expect(admission.running).toBe(1);
    done(second.exchange);
    expect(await codeOf(third.reply)).toBe('ok');
  });

  test('over the queue it refuses at once, with advice to come back', async () => {
    const { enter } = setup({ concurrent_max: 1, queue_max: 0, queue_timeout: 1_000 });
    await enter().reply;
    expect(await codeOf(enter().reply)).toBe('overloaded');
  });

  test('a wait ends at its deadline', async () => {
    const { clock, admission, enter } = setup({ concurrent_max: 1, queue_max: 5, queue_timeout: 1_000 });
    await enter().reply;
    const late = enter();
    clock.advance(1_000);
    expect(await codeOf(late.reply)).toBe('overloaded');
    expect(admission.waiting).toBe(0);
  });

  test('who leaves while waiting frees the queue, and its place is not lost', async () => {
    const { admission, enter } = setup({ concurrent_max: 1, queue_max: 5, queue_timeout: 1_000 });
    const running = enter();
    await running.reply;
    const leaver = enter();
    leaver.controller.abort();
    expect(await codeOf(leaver.reply)).toBe('client_closed');
    expect(admission.waiting).toBe(0);
    done(running.exchange);
    expect(admission.running).toBe(0);
  });

  test('who was gone before it could wait is not queued', async () => {
    const { admission, enter } = setup({ concurrent_max: 1, queue_max: 5, queue_timeout: 1_000 });
    await enter().reply;
    const controller = new AbortController();
    controller.abort();
    expect(await codeOf(enter(controller).reply)).toBe('client_closed');
    expect(admission.waiting).toBe(0);
  });

  test('an exchange that ended while it was let in gives its place back', async () => {
    const { admission, enter } = setup({ concurrent_max: 1, queue_max: 5, queue_timeout: 1_000 });
    const running = enter();
    await running.reply;
    const waiting = enter();
    done(running.exchange);
    waiting.exchange.end({ kind: 'client_closed', status: 499, bytesSent: 0 });
    await waiting.reply;
    expect(admission.running).toBe(0);
  });
});
