/*
 * What survives between any caller and any model: a matrix that follows from what each dialect has declared, and that nothing else states. The golden tests
 * hold the dialects to what they declare.
 */

import type { Dialect } from '../dialects/dialect.ts';
import type { ChatCodec } from '../dialects/dialect-codec.ts';
import { canCross, crossedAbilities } from '../dialects/dialect-crossing.ts';
import type { Route } from '../edge/route-table.ts';
import { type Ability, CHAT_FEATURE_NAMES, CHAT_FEATURES, type ChatFeature, OWN_FEATURES, survives } from '../operations/chat-features.ts';
import { CROSSED_OPERATIONS, type OperationKind } from '../operations/operation.ts';
import { jsonReply } from './json-reply.ts';

export interface CapabilitiesDeps {
  readonly dialects: readonly Dialect[];
  /** What the configuration does about a feature that is lost. */
  readonly lossMode: (feature: ChatFeature) => string;
}

/** One way from a caller's dialect to a target's. */
export interface CrossingCapabilities {
  readonly from: string;
  readonly to: string;
  /** What can be asked this way. */
  readonly operations: readonly OperationKind[];
  /** Of a chat: what gets lost, and what is said by something close to it. All other features survive. */
  readonly lost: readonly ChatFeature[];
  readonly adapted: readonly ChatFeature[];
}

/** Every pair of two dialects between which anything can be asked. */
export function crossingsOf(dialects: readonly Dialect[]): readonly CrossingCapabilities[] {
  return dialects.flatMap((from) =>
    dialects.flatMap((to) => {
      const operations = from === to ? [] : CROSSED_OPERATIONS.filter((kind) => canCross(kind, from, to));
      return operations.length === 0 ? [] : [{ from: from.name, to: to.name, operations, ...fateOf(from, to) }];
    }),
  );
}

function fateOf({ codecs: { chat: own } }: Dialect, { codecs: { chat: theirs } }: Dialect): Pick<CrossingCapabilities, 'lost' | 'adapted'> {
  if (own === undefined || theirs === undefined) return { lost: [], adapted: [] };
  const there = crossedAbilities(theirs.abilities);
  const fate = (wanted: Ability) =>
    CHAT_FEATURE_NAMES.filter((feature) => {
      const isAsked = CHAT_FEATURES[feature].side === 'request';
      const source = isAsked ? callerAbility(own, feature) : theirs.abilities[feature];
      // What a caller's dialect has no word for is never asked, so it can't get lost on the way there; nor can what a target never tells.
      if (source === 'no') return false;
      if (OWN_FEATURES.has(feature)) return wanted === 'no';
      return survives(isAsked ? { ...own.abilities, [feature]: source } : own.abilities, there, feature) === wanted;
    });
  return { lost: fate('no'), adapted: fate('near') };
}

/** A caller may be able to say what its dialect's targets are not told. */
function callerAbility({ abilities, heard }: ChatCodec, feature: ChatFeature): Ability {
  return abilities[feature] === 'no' && heard?.includes(feature) === true ? 'yes' : abilities[feature];
}

/** `GET /capabilities`. */
export function createCapabilitiesRoute({ dialects, lossMode }: CapabilitiesDeps): Route {
  const features = Object.fromEntries(
    CHAT_FEATURE_NAMES.map((name) => {
      const { side, weight, description } = CHAT_FEATURES[name];
      return [name, side === 'request' ? { side, weight, when_lost: lossMode(name), description } : { side, weight, description }];
    }),
  );
  const spoken = Object.fromEntries(
    dialects.map(({ name, codecs }) => [name, { chat: codecs.chat?.abilities ?? null, heard: codecs.chat?.heard ?? [] }]),
  );
  const reply = jsonReply(200, { features, dialects: spoken, crossings: crossingsOf(dialects) });
  return {
    pattern: '/capabilities',
    methods: ['GET'],
    kind: 'system',
    access: 'key',
    dialect: 'service',
    handler: async () => reply,
    docs: async () => (await import('./capabilities-docs.ts')).CAPABILITIES_DOCS,
  };
}
