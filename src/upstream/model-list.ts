/*
 * What GET /v1/models tells: the configured models and aliases, and what the open providers (those with `models` globs) say they have.
 * Clients give a model list a second or two before they call the connection broken, so what upstreams say is cached, asked for with a
 * short deadline, and left out when it does not come.
 */

import type { Abortable } from '../base/abort.ts';
import type { Clock } from '../base/clock.ts';
import { createGlob } from '../base/glob.ts';
import type { ModelListReader } from '../dialects/dialect.ts';
import { DIALECTS_BY_NAME } from '../dialects/registry.ts';
import { dialectBase, type SpokenDialect } from '../providers/provider.ts';
import { openGroup, type Provider, type Router } from '../routing/router.ts';
import { classifyStatus } from './classify.ts';
import type { Upstream } from './upstream.ts';

const FRESH_MS = 60_000;
const DEADLINE_MS = 1_500;
const LIST_BYTES_MAX = 4 * 1_048_576;
const MODELS_MAX = 10_000;

export interface ModelListing {
  readonly id: string;
  readonly object: 'model';
  /** Seconds since the epoch. */
  readonly created: number;
  readonly owned_by: string;
}

export interface ModelList {
  list(signal: Abortable): Promise<readonly ModelListing[]>;
}

export interface ModelListDeps {
  readonly router: Router;
  readonly upstream: Upstream;
  readonly clock: Clock;
}

interface Discovered {
  readonly atMs: number;
  readonly models: readonly ModelListing[];
}

export function createModelList(deps: ModelListDeps): ModelList {
  const { router, upstream, clock } = deps;
  const created = Math.floor(clock.now() / 1_000);
  const configured = router.names.map((id): ModelListing => ({ id, object: 'model', created, owned_by: router.ownerOf(id) }));
  const open = [...router.providers.values()].filter((provider) => provider.config.models.length > 0);
  const found = new Map<string, Discovered>();

  const refresh = async (provider: Provider, signal: Abortable): Promise<void> => {
    const place = listPlace(provider);
    if (place === undefined) return;
    const { spoken, reader } = place;
    const headers = {
      accept: 'application/json',
      'accept-encoding': 'identity',
      ...DIALECTS_BY_NAME.get(spoken.name)?.headers,
      ...router.credentialOf(provider),
    };
    const reply = await upstream.call({
      candidates: [
        {
          name: provider.name,
          group: openGroup(provider),
          provider: provider.name,
          expect: { kind: 'whole', bytesMax: LIST_BYTES_MAX, check: () => {} },
          classify: classifyStatus,
          prepare: (baseUrl) => ({
            // A vendor may have its list beside where the dialect begins.
            url: new URL(dialectBase(provider.definition, spoken, baseUrl) + reader.path).href,
            method: 'GET',
            headers,
            body: null,
          }),
        },
      ],
      signal,
      totalTimeoutMs: DEADLINE_MS,
      firstTokenTimeoutMs: DEADLINE_MS,
      replayable: true,
    });
    if (reply.status !== 200 || reply.body.kind !== 'whole') return;
    found.set(provider.name, {
      atMs: clock.monotonic(),
      models: readListing(reader.names(JSON.parse(new TextDecoder().decode(reply.body.bytes))), provider, created),
    });
  };

  return {
    async list(signal) {
      const nowMs = clock.monotonic();
      const stale = open.filter((provider) => nowMs - (found.get(provider.name)?.atMs ?? -FRESH_MS) >= FRESH_MS);
      // An upstream that does not answer is no reason not to tell what the others have.
      await Promise.allSettled(stale.map((provider) => refresh(provider, signal)));
      const all = new Map(configured.map((model) => [model.id, model]));
      for (const provider of open) {
        for (const model of found.get(provider.name)?.models ?? []) if (!all.has(model.id)) all.set(model.id, model);
      }
      return [...all.values()];
    },
  };
}

interface ListPlace {
  readonly spoken: SpokenDialect;
  readonly reader: ModelListReader;
}

/** The first of its dialects that has a list of models. */
function listPlace({ dialects }: Provider): ListPlace | undefined {
  for (const spoken of dialects) {
    const reader = DIALECTS_BY_NAME.get(spoken.name)?.modelList;
    if (reader !== undefined) return { spoken, reader };
  }
  return undefined;
}

function readListing(names: readonly string[], provider: Provider, created: number): ModelListing[] {
  const globs = provider.config.models.map((pattern) => createGlob(pattern));
  return names
    .slice(0, MODELS_MAX)
    .filter((id) => globs.some((matches) => matches(id)))
    .map((id) => ({ id, object: 'model', created, owned_by: provider.name }));
}
