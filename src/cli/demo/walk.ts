/* Walks through parts and steps: does what a step does before it, sends, waits for what must come back, and says what did. */

import { platformSignal, withDeadline } from '../../base/abort.ts';
import type { Clock } from '../../base/clock.ts';
import { curlLines, type Wire } from './curl.ts';
import type { Stage } from './stage.ts';
import { type Answer, KEYS, type Part, type Sent, type Step } from './step.ts';

export type StepOutcome = 'passed' | 'failed';

export interface StepResult {
  readonly title: string;
  readonly outcome: StepOutcome;
  /** What it shows; empty where it did not. */
  readonly shows: string;
  /** Lines that do the same by hand: what was done before, and then the request. */
  readonly deeds: readonly string[];
  readonly curl: readonly string[];
  readonly wire: Wire;
  /** Undefined where there was none. */
  readonly answer: Answer | undefined;
  /** The gateway's line about it, where the step shows it. */
  readonly log?: string;
  /** Checks that do not hold, or what went wrong instead of an answer. */
  readonly complaints: readonly string[];
}

export interface PartResult {
  readonly part: Part;
  readonly steps: readonly StepResult[];
}

export interface WalkDeps {
  readonly stage: Stage;
  readonly clock: Clock;
  /** Ends the walk, within a step too. */
  readonly signal: AbortSignal;
}

/** For people who watch. */
export interface Audience {
  begins(part: Part): void;
  /** Resolves when the next step may begin; false: enough. */
  beforeStep(): Promise<boolean>;
  saw(step: Step, result: StepResult): void;
}

const REQUEST_MS_MAX = 30_000;
const BODY_BYTES_MAX = 1_048_576;

export async function walk(parts: readonly Part[], audience: Audience, deps: WalkDeps): Promise<PartResult[]> {
  const results: PartResult[] = [];
  for (const part of parts) {
    audience.begins(part);
    const steps: StepResult[] = [];
    results.push({ part, steps });
    const earlier = new Map<string, Answer>();
    for (const step of part.steps) {
      if (!(await audience.beforeStep())) return results;
      const result = await take(step, earlier, deps);
      if (result.answer !== undefined) earlier.set(step.title, result.answer);
      steps.push(result);
      audience.saw(step, result);
    }
    await deps.stage.heal();
  }
  return results;
}

async function take(step: Step, earlier: ReadonlyMap<string, Answer>, deps: WalkDeps): Promise<StepResult> {
  const deeds: string[] = [];
  for (const deed of step.before ?? []) deeds.push(await deps.stage.act(deed));
  const sent = typeof step.sends === 'function' ? step.sends(earlier) : step.sends;
  const wire = onWire(sent, await deps.stage.urlOf(sent.to ?? 'gateway'));
  const told = { title: step.title, deeds, curl: curlLines(wire), wire };
  let answer: Answer;
  try {
    answer = await sendUntil(step, wire, deps);
  } catch (error) {
    if (deps.signal.aborted) throw error;
    return { ...told, outcome: 'failed', shows: '', answer: undefined, complaints: [`no answer: ${String(error)}`] };
  }
  const complaints = step.checks.filter(({ holds }) => !holds(answer)).map(({ says }) => says);
  const log = step.showsLog === true ? await logLineOf(answer, deps) : undefined;
  if (step.showsLog === true && log === undefined) complaints.push('the log has a line with the correlation id');
  if (complaints.length > 0) return { ...told, outcome: 'failed', shows: '', answer, complaints };
  const shows = typeof step.shows === 'string' ? step.shows : step.shows(answer);
  return { ...told, outcome: 'passed', shows, answer, complaints, ...(log === undefined ? {} : { log }) };
}

const LOG_TRIES = 40;
const LOG_PAUSE_MS = 50;

/** A line of the log comes a moment after the answer. */
async function logLineOf(answer: Answer, { stage, clock, signal }: WalkDeps): Promise<string | undefined> {
  const id = answer.headers['x-correlation-id'] ?? '';
  for (let attempt = 1; ; attempt += 1) {
    const line = stage.findLog(
      (candidate) => id !== '' && candidate.includes(`"correlation_id":"${id}"`) && candidate.includes('"status_code"'),
    );
    if (line !== undefined || attempt === LOG_TRIES) return line;
    await clock.sleep(LOG_PAUSE_MS, signal);
  }
}

/** Exported for tests of the curl lines. */
export function onWire(sent: Sent, baseUrl: string): Wire {
  const { path, key = 'developer', json, text, file } = sent;
  const body = json === undefined ? text : JSON.stringify(json);
  const headers: Record<string, string> = {};
  if (key !== null && (sent.to === undefined || sent.to === 'gateway' || sent.to === 'village'))
    headers['Authorization'] = `Bearer ${KEYS[key]}`;
  if (body !== undefined) headers['Content-Type'] = 'application/json';
  const method = sent.method ?? (body === undefined && file === undefined ? 'GET' : 'POST');
  return { method, url: baseUrl + path, headers: { ...headers, ...sent.headers }, body, file };
}

async function sendUntil(step: Step, wire: Wire, deps: WalkDeps): Promise<Answer> {
  const { timesMax, pauseMs } = step.until ?? { timesMax: 1, pauseMs: 0 };
  for (let sent = 1; ; sent += 1) {
    const answer = { ...(await send(wire, deps)), sent };
    if (sent >= timesMax || step.checks.every(({ holds }) => holds(answer))) return answer;
    if (pauseMs > 0) await deps.clock.sleep(pauseMs, deps.signal);
  }
}

async function send({ method, url, headers, body, file }: Wire, { clock, signal }: WalkDeps): Promise<Omit<Answer, 'sent'>> {
  const late = () => new Error(`no answer within ${REQUEST_MS_MAX} ms`);
  using deadline = withDeadline(signal, { deadlineMs: REQUEST_MS_MAX, clock, reason: late });
  using platform = platformSignal(deadline.signal);
  const form = new FormData();
  if (file !== undefined) form.set('file', new File([file.text], file.filename, { type: file.type }));
  const startMs = clock.monotonic();
  const reply = await fetch(url, {
    method,
    headers,
    ...(file === undefined ? (body === undefined ? {} : { body }) : { body: form }),
    redirect: 'manual',
    signal: platform.signal,
  });
  const text = await readBounded(reply);
  return {
    status: reply.status,
    headers: Object.fromEntries(reply.headers),
    body: text,
    json: (reply.headers.get('content-type') ?? '').includes('json') ? parsed(text) : undefined,
    durationMs: clock.monotonic() - startMs,
  };
}

async function readBounded(reply: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  const body: AsyncIterable<Uint8Array> | null = reply.body;
  for await (const chunk of body ?? []) {
    text += decoder.decode(chunk, { stream: true });
    if (text.length > BODY_BYTES_MAX) break;
  }
  return text + decoder.decode();
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    // Lines of JSON, or none: shown as it is, and a check of a value in it fails.
    return undefined;
  }
}
