/*
 * What the dialects declare, held against what they do, in every case and between every two of them: what is reported as lost or adapted is what `GET /capabilities`
 * says, and what both say exactly comes back from a way there and back as it was.
 */
import { describe, expect, test } from 'bun:test';
import { crossingsOf } from '../../src/admin/capabilities.ts';
import { GatewayError } from '../../src/base/errors.ts';
import type { Dialect } from '../../src/dialects/dialect.ts';
import type { ChatCodec } from '../../src/dialects/dialect-codec.ts';
import { crossedAbilities } from '../../src/dialects/dialect-crossing.ts';
import { DIALECTS } from '../../src/dialects/registry.ts';
import type { ChatRequest } from '../../src/operations/chat.ts';
import { abilities, CHAT_FEATURE_NAMES, type ChatAbilities, type ChatFeature, OWN_FEATURES } from '../../src/operations/chat-features.ts';
import { narrow } from '../../src/operations/chat-narrow.ts';
import { ReplyNarrowing } from '../../src/operations/chat-narrow-reply.ts';
import { CASES, type Case, operationOf, plain, SPEAKERS, type Speaker } from './corpus.ts';
import { asCaller, crossReply, crossRequest, type Pair } from './crossing-runs.ts';
import { replySayingsOf, type Sayings, sayingsOf } from './sayings.ts';
import type { JsonObject } from './wire/wire.ts';

/** A dialect that has a word for everything, but no exact one: what goes to it names all that is there. */
const LISTENER = { name: 'listener', abilities: abilities({ yes: [], near: CHAT_FEATURE_NAMES }) };
/** One that sees thoughts and calls, but not what they are signed with; and one that sees nothing. */
const DEAF = [abilities({ yes: ['reply-reasoning', 'tools', 'custom-tools'] }), abilities({ yes: [] })];

const PAIRS: readonly Pair[] = SPEAKERS.flatMap((caller) => SPEAKERS.map((target) => ({ caller, target })));
const WAYS = PAIRS.filter(({ caller, target }) => caller !== target);
const MATRIX = crossingsOf(DIALECTS);

/** Where the carrier is lost, nothing more is said of what it carried. */
const CARRIERS: Partial<Record<ChatFeature, readonly ChatFeature[]>> = {
  'image-detail': ['images', 'image-urls'],
  'file-context': ['files', 'file-urls'],
  'file-citations': ['files', 'file-urls'],
  images: ['tool-result-media', 'tools'],
  'strict-tools': ['tools'],
  'tool-choice-none': ['tools'],
  'tool-choice-required': ['tools'],
  'tool-choice-named': ['tools'],
  'tool-choice-allowed': ['tools'],
  'tool-result-media': ['tools'],
  'tool-result-errors': ['tools'],
};

function codecOf({ codecs, name }: Dialect): ChatCodec {
  if (codecs.chat === undefined) throw new Error(`'${name}' has no chat`);
  return codecs.chat;
}

function decoded(given: Case, { name, dialect, wire }: Speaker): ChatRequest | undefined {
  const request = given.request(name);
  return request === undefined ? undefined : codecOf(dialect).decodeRequest(operationOf({ name, dialect, wire }, request));
}

/** All that a request asks for. */
function askedOf(request: ChatRequest): ReadonlySet<ChatFeature> {
  const { lost, adapted } = narrow(request, LISTENER.name, LISTENER.abilities);
  return new Set([...lost, ...adapted]);
}

/** All that an answer tells; nothing where it is an error. */
function toldOf({ dialect }: Speaker, reply: JsonObject): ReadonlySet<ChatFeature> {
  const told = new Set<ChatFeature>();
  try {
    const read = codecOf(dialect).decodeReply(Buffer.from(JSON.stringify(reply)));
    for (const can of DEAF) {
      const narrowing = new ReplyNarrowing(LISTENER.name, can);
      narrowing.reply(read);
      for (const feature of narrowing.lost) told.add(feature);
    }
  } catch (cause) {
    if (!(cause instanceof GatewayError)) throw cause;
  }
  return told;
}

function declaredOf({ caller, target }: Pair) {
  const way = MATRIX.find(({ from, to }) => from === caller.name && to === target.name);
  if (way === undefined) throw new Error(`nothing is declared of ${caller.name} to ${target.name}`);
  return way;
}

const modelOf = (given: Case, { name }: Speaker) => (given.request(name) ?? plain(name).request).model;

function sealed(request: ChatRequest): boolean {
  return request.messages.some(({ parts }) => parts.some((part) => part.kind === 'reasoning' && part.text === ''));
}

describe('what is declared', () => {
  test('every feature is in some case', () => {
    const met = new Set<ChatFeature>();
    for (const given of CASES) {
      for (const speaker of SPEAKERS) {
        const request = decoded(given, speaker);
        if (request === undefined) continue;
        for (const feature of askedOf(request)) met.add(feature);
        for (const feature of narrow(request, speaker.name, LISTENER.abilities).adapted) met.add(feature);
        const reply = given.reply(speaker.name);
        if (reply === undefined) continue;
        for (const feature of toldOf(speaker, reply)) met.add(feature);
      }
    }
    expect(CHAT_FEATURE_NAMES.filter((feature) => !met.has(feature))).toEqual([]);
  });

  test('nobody says what its dialect has declared it has no word for', () => {
    const said = CASES.flatMap((given) =>
      SPEAKERS.flatMap((speaker) => {
        const request = decoded(given, speaker);
        const { abilities: can, heard = [] } = codecOf(speaker.dialect);
        return request === undefined
          ? []
          : [...askedOf(request)]
              .filter((feature) => can[feature] === 'no' && !heard.includes(feature))
              .map((feature) => `${given.name}: ${speaker.name} ${feature}`);
      }),
    );
    expect(said).toEqual([]);
  });

  for (const pair of WAYS) {
    const { caller, target } = pair;
    test(`${caller.name} to ${target.name}: what is reported is what is declared`, () => {
      const differences = CASES.flatMap((given) => [...requestDifferences(given, pair), ...replyDifferences(given, pair)]);
      expect(differences).toEqual([]);
    });
  }
});

function requestDifferences(given: Case, pair: Pair): string[] {
  const { caller, target } = pair;
  const request = decoded(given, caller);
  const native = given.request(caller.name);
  if (request === undefined || native === undefined) return [];
  const made = crossRequest(pair, native, modelOf(given, target));
  if (made instanceof GatewayError) return [`${given.name}: ${made.message}`];
  const declared = declaredOf(pair);
  const theirs = crossedAbilities(codecOf(target.dialect).abilities);
  const asked = askedOf(request);
  const { lost, adapted } = made.report;
  const isHidden = (feature: ChatFeature) => CARRIERS[feature]?.some((carrier) => lost.includes(carrier)) === true;
  const due = [...asked].filter((feature) => !isHidden(feature));
  const wantedLost = due.filter((feature) => declared.lost.includes(feature));
  // What the caller's dialect says only nearly was said so by the caller.
  const wantedAdapted = due.filter((feature) => declared.adapted.includes(feature) && theirs[feature] === 'near');
  // A sealed thought is lost in another dialect, though thoughts with words may not be.
  const excused = sealed(request) ? ['reasoning-history'] : [];
  // A document of plain text is told as text where there are no documents.
  if (theirs.files === 'no' && adapted.includes('files')) excused.push('files', 'file-context');
  return [
    ...differing(`${given.name}: lost`, lost, wantedLost, excused),
    ...differing(`${given.name}: adapted`, adapted, wantedAdapted, excused),
  ];
}

function replyDifferences(given: Case, pair: Pair): string[] {
  const { caller, target } = pair;
  const reply = given.reply(target.name);
  if (reply === undefined) return [];
  const made = crossReply(pair, given.request(caller.name), reply);
  if (made instanceof GatewayError) return [];
  const declared = declaredOf(pair);
  const wanted = [...toldOf(target, reply)].filter((feature) => declared.lost.includes(feature));
  return differing(`${given.name}: reply lost`, made.lost, wanted, []);
}

function differing(what: string, got: readonly string[], wanted: readonly string[], excused: readonly string[]): string[] {
  const extra = got
    .filter((name) => !wanted.includes(name) && !excused.includes(name))
    .map((name) => `${what}: ${name}, which was not declared`);
  const missing = wanted
    .filter((name) => !got.includes(name) && !excused.includes(name))
    .map((name) => `${what}: not ${name}, which was declared`);
  return [...extra, ...missing];
}

describe('there and back', () => {
  for (const pair of PAIRS) {
    const { caller, target } = pair;
    test(`${caller.name}, ${target.name}: what both say exactly survives`, () => {
      const changed = CASES.flatMap((given) => [...requestChanges(given, pair), ...replyChanges(given, pair)]);
      expect(changed).toEqual([]);
    });
  }
});

function requestChanges(given: Case, pair: Pair): string[] {
  const { caller, target } = pair;
  const native = given.request(caller.name);
  const before = decoded(given, caller);
  if (native === undefined || before === undefined) return [];
  const there = crossRequest(pair, native, modelOf(given, target));
  if (there instanceof GatewayError) return [`${given.name}: ${there.message}`];
  const asked = asCaller(target, modelOf(given, target), there.bytes);
  const back = crossRequest({ caller: target, target: caller }, { model: asked.model, body: there.body }, native.model);
  if (back instanceof GatewayError) return [`${given.name}: ${back.message}`];
  const after = codecOf(caller.dialect).decodeRequest(asCaller(caller, native.model, back.bytes));
  return changes(given.name, pair, sayingsOf(before), sayingsOf(after));
}

function replyChanges(given: Case, pair: Pair): string[] {
  const { caller, target } = pair;
  const reply = given.reply(target.name);
  if (reply === undefined) return [];
  const there = crossReply(pair, given.request(caller.name), reply);
  if (there instanceof GatewayError) return [];
  const back = crossReply({ caller: target, target: caller }, given.request(target.name), there.bytes);
  if (back instanceof GatewayError) return [`${given.name}: the answer: ${back.message}`];
  const codec = codecOf(target.dialect);
  const before = codec.decodeReply(Buffer.from(JSON.stringify(reply)));
  return changes(`${given.name}: the answer`, pair, replySayingsOf(before), replySayingsOf(codec.decodeReply(back.bytes)));
}

function changes(what: string, { caller, target }: Pair, before: Sayings, after: Sayings): string[] {
  const own = codecOf(caller.dialect).abilities;
  const theirs = codecOf(target.dialect).abilities;
  return Object.keys(before).flatMap((name) => {
    const key = name as keyof Sayings;
    if (key !== 'words' && !isExact(key, own, theirs)) return [];
    // A document of plain text may have become text.
    if (key === 'words' && 'files' in before && (own.files === 'no' || theirs.files === 'no')) return [];
    // Pictures in a tool's result may be shown in the message after it, which says so.
    const shownLater = 'tool-result-media' in before && !isExact('tool-result-media', own, theirs);
    if (shownLater && (key === 'words' || key === 'tools')) return [];
    // Tools that must not be called may be left out, to say so.
    if (key === 'tools' && CHOSEN.some((choice) => choice in before && !isExact(choice, own, theirs))) return [];
    const [was, is] = [JSON.stringify(before[key]), JSON.stringify(after[key])];
    return was === is ? [] : [`${what}: ${name}: ${was} became ${is}`];
  });
}

const CHOSEN = ['tool-choice-none', 'tool-choice-allowed', 'tool-choice-named'] as const;

function isExact(feature: ChatFeature, own: ChatAbilities, theirs: ChatAbilities): boolean {
  return own[feature] === 'yes' && theirs[feature] === 'yes' && !OWN_FEATURES.has(feature);
}
