/*
 * The golden files. For each dialect that is written (the target's for requests, the caller's for answers) they say which others lead to what, as what differs from
 * that dialect's own words for the case, written by hand: `as its own` is the best that can be. Where it has none for the case, from its plainest words.
 */
import { GatewayError } from '../../src/base/errors.ts';
import { type Case, plain, SPEAKERS, type Speaker } from './corpus.ts';
import { crossReply, crossRequest, crossStream } from './crossing-runs.ts';
import { jsonDifference, lineDifference } from './difference.ts';
import { type JsonObject, merge } from './wire/wire.ts';

const ALL = { incidental: [], silent: [] };

/** What one pair leads to, in lines. */
type Outcome = readonly string[];

export function requestsText(given: Case): string {
  return written(given, { to: 'to', by: 'from', hasOwn: (target) => given.request(target.name) !== undefined }, (target, caller) => {
    const request = given.request(caller.name);
    if (request === undefined) return undefined;
    const own = given.request(target.name);
    const made = crossRequest({ caller, target }, request, own?.model ?? plain(target.name).request.model);
    if (made instanceof GatewayError) return refused(made);
    const { lost, adapted, unread } = made.report;
    return [
      ...jsonDifference(merge((own ?? plain(target.name).request).body, target.wire.asked ?? {}), made.body, ALL),
      ...listed('lost', lost),
      ...listed('adapted', adapted),
      ...listed('unread', unread),
    ];
  });
}

export function repliesText(given: Case): string {
  return written(given, { to: 'told to', by: 'by', hasOwn: (caller) => given.reply(caller.name) !== undefined }, (caller, target) => {
    const reply = given.reply(target.name);
    if (reply === undefined) return undefined;
    const made = crossReply({ caller, target }, given.request(caller.name), reply);
    if (made instanceof GatewayError) return refused(made);
    return [...jsonDifference(ownReply(given, caller), made.body, caller.wire), ...listed('lost', made.lost)];
  });
}

export function streamsText(given: Case): string {
  return written(given, { to: 'told to', by: 'by', hasOwn: (caller) => given.reply(caller.name) !== undefined }, (caller, target) => {
    const reply = given.reply(target.name);
    if (reply === undefined) return undefined;
    const made = crossStream({ caller, target }, given.request(caller.name), target.wire.stream(reply));
    const { wire } = caller;
    const told = lineDifference(wire.lines(Buffer.concat(wire.stream(ownReply(given, caller)))), wire.lines(made.bytes));
    return [...told, ...(made.failure === undefined ? [] : refused(made.failure)), ...(made.isWhole ? [] : ['not whole'])];
  });
}

function ownReply(given: Case, { name }: Speaker): JsonObject {
  return given.reply(name) ?? plain(name).reply;
}

function refused({ code, message }: GatewayError): Outcome {
  return [`refused: ${code}: ${message}`];
}

function listed(word: string, names: readonly string[]): Outcome {
  return names.length === 0 ? [] : [`${word}: ${names.toSorted().join(', ')}`];
}

interface Direction {
  readonly to: string;
  readonly by: string;
  /** Whether the case has words of this dialect's own. */
  readonly hasOwn: (to: Speaker) => boolean;
}

function written({ about }: Case, { to, by, hasOwn }: Direction, outcome: (to: Speaker, from: Speaker) => Outcome | undefined): string {
  const sections = SPEAKERS.map((one) => {
    const groups = new Map<string, string[]>();
    for (const other of SPEAKERS) {
      const told = outcome(one, other);
      if (told === undefined) continue;
      const key = told.join('\n');
      groups.set(key, [...(groups.get(key) ?? []), other.name]);
    }
    const rows = [...groups].map(([key, names]) => {
      const head = `${by} ${names.join(', ')}:`;
      const same = hasOwn(one) ? 'as its own' : 'as the plainest';
      return key === '' ? `${head} ${same}\n` : `${head}\n${key.replace(/^/gm, '  ')}\n`;
    });
    return `## ${to} ${one.name}${hasOwn(one) ? '' : ' (which has no words of its own for it)'}\n\n${rows.join('')}`;
  });
  return `# ${about}\n\n${sections.join('\n')}`;
}
