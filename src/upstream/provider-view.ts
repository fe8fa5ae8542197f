/*
 * What providers tell of themselves rather than of one model: lists, versions. It is asked of all that speak a dialect at once, with a short
 * deadline, and kept for a while: clients give such questions a second or two before they call the connection broken. What a provider does
 * not tell is left out; what it told last stands in for it meanwhile.
 */

import { NEVER } from '../base/abort.ts';
import type { Clock } from '../base/clock.ts';
import { dialectBase } from '../providers/provider.ts';
import { openGroup, type Provider, type Router, spokenBy } from '../routing/router.ts';
import { classifyStatus } from './classify.ts';
import type { Upstream } from './upstream.ts';

/** One that does not answer is not asked again by every caller. */
const RETRY_MS = 2_000;
const DEADLINE_MS = 1_500;
const REPLY_BYTES_MAX = 4 * 1_048_576;

export interface ProviderViewConfig<T> {
  readonly dialect: string;
  /** Below where the dialect begins at a provider (`/tags`). */
  readonly path: string;
  /** How long an answer is good for, in milliseconds. */
  readonly freshMs: number;
  /** Reads an answer, which may be anything; throws when it is none. */
  readonly parse: (json: unknown) => T;
}

export interface ProviderViewDeps {
  readonly router: Router;
  readonly upstream: Upstream;
  readonly clock: Clock;
}

export interface Told<T> {
  readonly provider: Provider;
  readonly answer: T;
}

export interface ProviderView<T> {
  /** What is known of each provider that has told something, in the order of the file. Takes at most 1.5 s, and never rejects. */
  read(): Promise<readonly Told<T>[]>;
}

interface Asked<T> {
  readonly atMs: number;
  readonly answer: T | undefined;
  readonly ok: boolean;
}

export function createProviderView<T>(config: ProviderViewConfig<T>, deps: ProviderViewDeps): ProviderView<T> {
  const { router, clock } = deps;
  const providers = [...router.providers.values()].filter((provider) => spokenBy(provider, config.dialect) !== undefined);
  const known = new Map<Provider, Asked<T>>();
  const underWay = new Map<Provider, Promise<void>>();

  const isFresh = (provider: Provider): boolean => {
    const last = known.get(provider);
    return last !== undefined && clock.monotonic() - last.atMs < (last.ok ? config.freshMs : RETRY_MS);
  };
  const refresh = async (provider: Provider): Promise<void> => {
    let answer: T | undefined;
    let ok = false;
    try {
      answer = await ask(provider, config, deps);
      ok = true;
    } catch {
      // Whatever went wrong was counted where it happened; here it only means that there is no news.
      answer = known.get(provider)?.answer;
    }
    known.set(provider, { atMs: clock.monotonic(), answer, ok });
    underWay.delete(provider);
  };

  return {
    async read() {
      const waiting: Promise<void>[] = [];
      for (const provider of providers) {
        if (isFresh(provider)) continue;
        let asked = underWay.get(provider);
        if (asked === undefined) underWay.set(provider, (asked = refresh(provider)));
        waiting.push(asked);
      }
      await Promise.all(waiting);
      return providers.flatMap((provider) => {
        const answer = known.get(provider)?.answer;
        return answer === undefined ? [] : [{ provider, answer }];
      });
    },
  };
}

async function ask<T>(provider: Provider, config: ProviderViewConfig<T>, { router, upstream }: ProviderViewDeps): Promise<T> {
  const spoken = spokenBy(provider, config.dialect);
  if (spoken === undefined) throw new Error(`${provider.name} does not speak ${config.dialect}`);
  const headers = { accept: 'application/json', 'accept-encoding': 'identity', ...router.credentialOf(provider) };
  const reply = await upstream.call({
    candidates: [
      {
        name: provider.name,
        group: openGroup(provider),
        provider: provider.name,
        expect: { kind: 'whole', bytesMax: REPLY_BYTES_MAX, check: () => {} },
        classify: classifyStatus,
        prepare: (baseUrl) => ({
          url: dialectBase(provider.definition, spoken, baseUrl) + config.path,
          method: 'GET',
          headers,
          body: null,
        }),
      },
    ],
    // Several callers wait for it, so none of them ends it; the deadline does.
    signal: NEVER,
    totalTimeoutMs: DEADLINE_MS,
    firstTokenTimeoutMs: DEADLINE_MS,
    replayable: true,
  });
  if (reply.status !== 200 || reply.body.kind !== 'whole') throw new Error(`${provider.name} answered ${reply.status}`);
  return config.parse(JSON.parse(new TextDecoder().decode(reply.body.bytes)));
}
