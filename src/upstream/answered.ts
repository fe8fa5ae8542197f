/* What is known of who answered a model's request: for the log and the metrics, and told to the caller. */

import type { Exchange } from '../pipeline/exchange.ts';
import { upstreamFact } from '../pipeline/facts.ts';
import type { Plan } from '../routing/plan.ts';
import type { UpstreamCallError } from './call-error.ts';
import type { UpstreamReply } from './upstream.ts';

export interface Answer {
  readonly plan: Plan;
  readonly reply: Pick<UpstreamReply, 'attempts' | 'candidate'>;
  /** As the reply names it, where it does. */
  readonly model: string | undefined;
}

export function noteAnswer(exchange: Exchange, { plan, reply, model }: Answer): void {
  const { attempts, candidate } = reply;
  const target = plan.targets.find(({ id }) => id === candidate.name);
  const provider = target?.provider ?? candidate.group;
  const answered = model ?? target?.model ?? plan.model;
  const firstTokenMs = exchange.clock.monotonic() - exchange.startedAtMs;
  exchange.set(upstreamFact, { target: candidate.name, provider, model: answered, attempts, firstTokenMs });
  const headers = exchange.replyHeaders;
  headers['x-gatehouse-provider'] = provider;
  headers['x-gatehouse-model'] = headerText(answered);
  headers['x-gatehouse-attempts'] = String(attempts.length);
  if (attempts.length > 1) headers['x-gatehouse-fallbacks'] = String(new Set(attempts.map((attempt) => attempt.target)).size - 1);
}

/** An upstream chooses its model's name; in a header of ours only visible ASCII may stand. */
export function headerText(text: string): string {
  return text.replace(/[^\x21-\x7e]/g, '?').slice(0, 200);
}

export function noteFailure(exchange: Exchange, plan: Plan, { attempts }: UpstreamCallError): void {
  const target = plan.targets.find(({ id }) => id === attempts.at(-1)?.target) ?? plan.targets[0];
  if (target === undefined) return;
  exchange.set(upstreamFact, { target: target.id, provider: target.provider, model: target.model, attempts });
  exchange.replyHeaders['x-gatehouse-attempts'] = String(attempts.length);
}
