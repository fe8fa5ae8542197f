/* The walk for machines: everything that was sent and that came back. */

import type { PartResult, StepResult } from './walk.ts';

export interface Transcript {
  readonly url: string;
  /** False: a step failed, or the walk was ended early. */
  readonly ok: boolean;
  readonly passed: number;
  readonly failed: number;
  readonly parts: readonly object[];
}

export function transcript(url: string, results: readonly PartResult[]): Transcript {
  const steps = results.flatMap((result) => result.steps);
  const count = (outcome: StepResult['outcome']): number => steps.filter((step) => step.outcome === outcome).length;
  return {
    url,
    ok: steps.length > 0 && count('failed') === 0,
    passed: count('passed'),
    failed: count('failed'),
    parts: results.map(({ part, steps: taken }) => ({ id: part.id, title: part.title, steps: taken.map(stepJson) })),
  };
}

function stepJson({ title, outcome, shows, complaints, deeds, curl, wire, answer, log }: StepResult): object {
  const { method, url, headers, body, file } = wire;
  return {
    title,
    outcome,
    shows,
    complaints,
    deeds,
    curl: curl.join('\n'),
    sent: { method, url, headers, body, file },
    got:
      answer === undefined
        ? null
        : {
            status: answer.status,
            headers: answer.headers,
            body: answer.json ?? answer.body,
            duration_ms: Math.round(answer.durationMs * 100) / 100,
            requests: answer.sent,
          },
    log,
  };
}
