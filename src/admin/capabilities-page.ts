/* docs/reference/capabilities.md: what `GET /capabilities` tells of the dialects, as tables that people read. */

import { GENERATED, table } from '../config/reference.ts';
import type { Dialect } from '../dialects/dialect.ts';
import type { ChatCodec } from '../dialects/dialect-codec.ts';
import { CHAT_FEATURE_NAMES, CHAT_FEATURES, type ChatFeature } from '../operations/chat-features.ts';
import { type CrossingCapabilities, crossingsOf } from './capabilities.ts';

const SIGNS = { yes: '●', near: '◐', no: '' } as const;

export function capabilitiesPage(dialects: readonly Dialect[]): string {
  const chats = dialects.flatMap(({ name, codecs: { chat } }) => (chat === undefined ? [] : [{ name, chat }]));
  return `${GENERATED}

# What survives between dialects

A caller and a model need not speak the same dialect; what crossings are, and what becomes of a loss, is in the [guide](../guides/dialects.md). \`GET /capabilities\` tells the
same as JSON, with what this gateway's configuration says about each loss. Between equal dialects the bytes pass, and nothing is lost.

## What each dialect can say

● exactly, both ways · ◐ by something close to it, reported as adapted · ○ callers may ask for it, but its own targets can't be told · empty: no word for it.
A feature survives a crossing exactly where both have ●; uploaded files, native tools and native parts mean something in their own dialect alone, and never do. **Content** is what the answer would not be the same without: by default its loss refuses the request.

${sides.map(({ side, title }) => featureTable(title, side, chats)).join('\n\n')}

## Every crossing

What gets lost of that which the caller's dialect can ask, or the target's can tell; all else survives, or is adapted.

${dialects
  .map((from) => crossingTable(from.name, crossingsOf(dialects)))
  .filter((text) => text !== '')
  .join('\n\n')}
`;
}

const sides = [
  { side: 'request', title: 'Asked by callers' },
  { side: 'reply', title: 'Told by targets' },
] as const;

interface Chat {
  readonly name: string;
  readonly chat: ChatCodec;
}

function featureTable(title: string, side: 'request' | 'reply', chats: readonly Chat[]): string {
  const names = CHAT_FEATURE_NAMES.filter((name) => CHAT_FEATURES[name].side === side);
  const rows = names.map((name) => {
    const { weight, description } = CHAT_FEATURES[name];
    return [
      `\`${name}\``,
      weight === 'content' ? `**Content.** ${description}` : description,
      ...chats.map(({ chat }) => sign(chat, name)),
    ];
  });
  return `### ${title}\n\n${table(['feature', 'meaning', ...chats.map(({ name }) => name)], rows)}`;
}

function sign({ abilities, heard }: ChatCodec, feature: ChatFeature): string {
  return abilities[feature] === 'no' && heard?.includes(feature) === true ? '○' : SIGNS[abilities[feature]];
}

function crossingTable(from: string, crossings: readonly CrossingCapabilities[]): string {
  const rows = crossings
    .filter((crossing) => crossing.from === from)
    .map(({ to, operations, lost, adapted }) => [to, operations.join(', '), listed(lost), listed(adapted)]);
  return rows.length === 0 ? '' : `### From ${from}\n\n${table(['to', 'operations', 'lost', 'adapted'], rows)}`;
}

function listed(names: readonly ChatFeature[]): string {
  return names.map((name) => `\`${name}\``).join(' ');
}
