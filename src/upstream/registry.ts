/*
 * All endpoint groups by name. It outlives the configuration: an endpoint whose group, address and treatment stayed the same keeps its
 * breaker, latency, health and connections through a reload. What was removed finishes its requests and closes its connections.
 */

import type { BreakerNews, BreakerSnapshot } from '../base/breaker.ts';
import type { Clock } from '../base/clock.ts';
import { Endpoint } from './endpoint.ts';
import { EndpointGroup, type EndpointGroupConfig } from './endpoint-group.ts';
import { type HealthCheck, startHealthCheck } from './health/health-checks.ts';
import type { Connector, Transport } from './transport/transport.ts';
import type { UpstreamConfig } from './upstream-config.ts';
import type { UpstreamEvents } from './upstream-events.ts';

export interface EndpointRegistry extends Disposable {
  /**
   * Takes over a new configuration at once. Throws a TypeError about a bad URL before anything has changed. Returns where to find its
   * groups: whoever began under it finds them there for as long as it takes, also when a later configuration has them no more.
   */
  update(groups: readonly EndpointGroupConfig[]): FindGroup;
  group(name: string): EndpointGroup | undefined;
  /** Every breaker: by its group's name, or `group@host:port` where a group has several endpoints. */
  breakers(): readonly NamedBreaker[];
  /** Closes a breaker; false when there is none of that name. A group's name closes all of its breakers. */
  resetBreaker(name: string): boolean;
  /** Hands a hint to the breaker of that name and address; whether it changed anything. */
  learn(breaker: { readonly name: string; readonly address: string }, news: BreakerNews): boolean;
  /** What the last checks and calls found; never waits. */
  health(): readonly EndpointHealth[];
}

/** The group of a name; undefined when there is none. */
export type FindGroup = (name: string) => EndpointGroup | undefined;

export interface NamedBreaker {
  readonly name: string;
  readonly group: string;
  /** `host:port`. */
  readonly address: string;
  readonly snapshot: BreakerSnapshot;
}

export interface EndpointHealth {
  /** As its breaker. */
  readonly name: string;
  readonly group: string;
  /** `unhealthy`: active checks say so, or its breaker is open. `unknown`: neither checked nor called yet. */
  readonly status: 'healthy' | 'unhealthy' | 'unknown';
  /** Of the last active check, where there are such. */
  readonly statusCode?: number;
  readonly responseTimeMs?: number;
  /** Milliseconds since the epoch. */
  readonly checkedAt?: number;
}

export interface RegistryDeps {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly random: () => number;
  readonly events: UpstreamEvents;
}

interface Entry {
  readonly key: string;
  readonly endpoint: Endpoint;
  readonly check: HealthCheck | undefined;
}

interface Membership {
  readonly group: EndpointGroup;
  readonly entries: readonly Entry[];
}

export function createEndpointRegistry(deps: RegistryDeps): EndpointRegistry {
  let members: ReadonlyMap<string, Membership> = new Map();

  return {
    update(configs) {
      const old = new Map([...members.values()].flatMap(({ entries }) => entries.map((entry) => [entry.key, entry])));
      // Connectors are made before anything changes, for a bad URL throws.
      const connectors = new Map<string, Connector>();
      for (const config of configs) {
        for (const url of config.urls) {
          const key = keyOf(config, url);
          if (!old.has(key)) connectors.set(key, connect(deps.transport, url, config.settings));
        }
      }
      const next = new Map<string, Membership>();
      for (const config of configs) next.set(config.name, assemble(config, { old, connectors, deps }));
      const kept = new Set([...next.values()].flatMap(({ entries }) => entries));
      for (const entry of old.values()) if (!kept.has(entry)) retire(entry);
      members = next;
      return (name) => next.get(name)?.group;
    },
    group: (name) => members.get(name)?.group,
    breakers: () =>
      [...members.values()].flatMap(({ group, entries }) =>
        entries.map(({ endpoint }) => ({
          name: endpoint.name,
          group: group.name,
          address: endpoint.connector.label,
          snapshot: endpoint.breaker.snapshot(),
        })),
      ),
    resetBreaker(name) {
      const meant = [...members.values()].flatMap(({ group, entries }) =>
        entries.filter(({ endpoint }) => endpoint.name === name || group.name === name),
      );
      for (const { endpoint } of meant) endpoint.breaker.reset();
      return meant.length > 0;
    },
    learn({ name, address }, news) {
      const meant = [...members.values()].flatMap(({ entries }) => entries.map(({ endpoint }) => endpoint));
      return meant.find((endpoint) => endpoint.name === name && endpoint.connector.label === address)?.learn(news) ?? false;
    },
    health: () => [...members.values()].flatMap(({ group, entries }) => entries.map((entry) => healthOf(group.name, entry))),
    [Symbol.dispose]() {
      for (const { entries } of members.values()) for (const entry of entries) retire(entry);
      members = new Map();
    },
  };
}

/** What an endpoint must have in common with its successor to be kept. Retries, deadlines and balance are the group's, and may change. */
function keyOf({ name, settings }: EndpointGroupConfig, url: string): string {
  const { breaker, health, pool, allow_private, proxy } = settings;
  return JSON.stringify([name, url, breaker, health, pool, allow_private, proxy]);
}

function connect(transport: Transport, url: string, settings: UpstreamConfig): Connector {
  return transport.connector(url, { pool: settings.pool, allowPrivate: settings.allow_private, proxy: settings.proxy });
}

interface Parts {
  readonly old: ReadonlyMap<string, Entry>;
  readonly connectors: ReadonlyMap<string, Connector>;
  readonly deps: RegistryDeps;
}

function assemble(config: EndpointGroupConfig, { old, connectors, deps }: Parts): Membership {
  const entries = config.urls.map((url) => {
    const key = keyOf(config, url);
    const connector = connectors.get(key);
    if (connector === undefined) {
      const kept = old.get(key);
      if (kept === undefined) throw new Error(`no connector was made for ${config.name}`);
      return kept;
    }
    const endpoint = new Endpoint(config.name, { connector, settings: config.settings }, deps);
    return { key, endpoint, check: startCheck(endpoint, config.settings, deps) };
  });
  const labels = entries.map(({ endpoint }) => endpoint.connector.label);
  for (const [index, { endpoint }] of entries.entries()) {
    const { label } = endpoint.connector;
    const isAlone = labels.indexOf(label) === labels.lastIndexOf(label);
    endpoint.name = entries.length === 1 ? config.name : `${config.name}@${isAlone ? label : `${label}#${index}`}`;
  }
  const endpoints = entries.map(({ endpoint }) => endpoint);
  return { group: new EndpointGroup(config, endpoints, deps), entries };
}

function startCheck(endpoint: Endpoint, settings: UpstreamConfig, deps: RegistryDeps): HealthCheck | undefined {
  const { path } = settings.health;
  if (path === undefined) return undefined;
  const onChange = (healthy: boolean): void => {
    endpoint.healthy = healthy;
    // It was away and is back: its next requests need not wait for the breaker's time.
    if (healthy) endpoint.breaker.reset();
    deps.events.onHealthChange(endpoint.name, healthy);
  };
  return startHealthCheck({ ...settings.health, path }, endpoint.connector, { ...deps, onChange });
}

function retire({ endpoint, check }: Entry): void {
  check?.[Symbol.dispose]();
  endpoint[Symbol.dispose]();
}

function healthOf(group: string, { endpoint, check }: Entry): EndpointHealth {
  const last = check?.last;
  const { state, totalCalls } = endpoint.breaker.snapshot();
  const isKnown = last !== undefined || totalCalls > 0;
  const isWell = endpoint.healthy && state !== 'open' && (last?.ok ?? true);
  return {
    name: endpoint.name,
    group,
    status: isKnown ? (isWell ? 'healthy' : 'unhealthy') : 'unknown',
    ...(last?.statusCode === undefined ? {} : { statusCode: last.statusCode }),
    ...(last === undefined ? {} : { responseTimeMs: last.responseTimeMs, checkedAt: last.checkedAt }),
  };
}
