/*
 * Fits an answer to what the caller's dialect can tell, whole or event by event: what it has no word for is left out and named. What a model says is never
 * lost: where a dialect has no refusals, they are text.
 */

import type { ChatChoice, ChatPart, ChatReply } from './chat.ts';
import type { ChatEvent } from './chat-events.ts';
import type { ChatAbilities, ChatFeature } from './chat-features.ts';
import type { Usage } from './usage.ts';

/** Of a part that is as good as told in another way, nothing is lost. */
const FEATURE_OF = {
  text: undefined,
  refusal: 'reply-refusals',
  reasoning: 'reply-reasoning',
  'tool-call': 'tools',
  image: 'reply-images',
  audio: 'reply-audio',
  native: 'reply-native',
} as const satisfies Partial<Record<ChatPart['kind'], ChatFeature | undefined>>;

/** What one answer could not tell. One for each answer: it remembers which parts of a stream it has left out. */
export class ReplyNarrowing {
  /** What was left out so far, each once. */
  readonly lost = new Set<ChatFeature>();
  readonly #dialect: string;
  readonly #can: ChatAbilities;
  /** `choice:part` of the parts of the stream that the caller will not see. */
  readonly #hidden = new Set<string>();

  /** `dialect`: the caller's. */
  constructor(dialect: string, can: ChatAbilities) {
    this.#dialect = dialect;
    this.#can = can;
  }

  reply(reply: ChatReply): ChatReply {
    const { usage } = reply;
    const told = this.#can.choices === 'no' ? reply.choices.slice(0, 1) : reply.choices;
    const choices = told.map((choice) => this.#choice(choice));
    return { ...reply, choices, ...(usage === undefined ? {} : { usage: this.#usage(usage) }) };
  }

  /** The event as the caller's dialect can tell it; undefined where it has no word for it. */
  event(event: ChatEvent): ChatEvent | undefined {
    // Who can't ask for several answers can't tell them apart.
    if ('choice' in event && event.choice > 0 && this.#can.choices === 'no') return undefined;
    switch (event.kind) {
      case 'part': {
        const { opening } = event;
        if (!this.#tells(opening.kind, opening.kind === 'native' ? opening.dialect : undefined)) {
          if (opening.kind === 'refusal') return { ...event, opening: { kind: 'text' } };
          this.#hidden.add(`${event.choice}:${event.part}`);
          return undefined;
        }
        return event;
      }
      case 'text':
      case 'arguments':
      case 'audio':
      case 'part-end':
        return this.#isHidden(event) ? undefined : event;
      case 'signature':
        return this.#isHidden(event) || !this.#says('reply-signatures') ? undefined : event;
      case 'citation':
        return this.#isHidden(event) || !this.#says('reply-citations') ? undefined : event;
      case 'log-probabilities':
        return this.#isHidden(event) || !this.#says('reply-log-probabilities') ? undefined : event;
      case 'usage':
        return { ...event, usage: this.#usage(event.usage) };
      case 'start':
        return event.usage === undefined ? event : { ...event, usage: this.#usage(event.usage) };
      case 'finish':
        if (event.stopSequence !== undefined) this.#says('reply-stop-sequence');
        return event;
      default:
        return event;
    }
  }

  #isHidden({ choice, part }: { readonly choice: number; readonly part: number }): boolean {
    return this.#hidden.size > 0 && this.#hidden.has(`${choice}:${part}`);
  }

  #says(feature: ChatFeature): boolean {
    if (this.#can[feature] !== 'no') return true;
    this.lost.add(feature);
    return false;
  }

  #tells(kind: ChatPart['kind'], dialect: string | undefined): boolean {
    if (kind === 'native') {
      if (dialect === this.#dialect) return true;
      this.lost.add('reply-native');
      return false;
    }
    const feature = kind in FEATURE_OF ? FEATURE_OF[kind as keyof typeof FEATURE_OF] : 'reply-native';
    return feature === undefined || this.#says(feature);
  }

  #choice(choice: ChatChoice): ChatChoice {
    const { logProbabilities, stopSequence, ...plain } = choice;
    if (stopSequence !== undefined) this.#says('reply-stop-sequence');
    return {
      ...plain,
      parts: choice.parts.flatMap((part) => this.#part(part)),
      ...(stopSequence === undefined ? {} : { stopSequence }),
      ...(logProbabilities === undefined || !this.#says('reply-log-probabilities') ? {} : { logProbabilities }),
    };
  }

  #part(part: ChatPart): ChatPart[] {
    if (part.kind === 'text') {
      const { citations, ...plain } = part;
      return citations === undefined || citations.length === 0 || this.#says('reply-citations') ? [part] : [plain];
    }
    if (!this.#tells(part.kind, part.kind === 'native' ? part.dialect : undefined))
      return part.kind === 'refusal' ? [{ kind: 'text', text: part.text }] : [];
    if ((part.kind !== 'reasoning' && part.kind !== 'tool-call') || part.signature === undefined || this.#says('reply-signatures'))
      return [part];
    const { signature: _signature, ...plain } = part;
    return [plain];
  }

  /** Of nothing, nothing is lost. */
  #usage(usage: Usage): Usage {
    if ((usage.cachedInputTokens ?? 0) > 0) this.#says('usage-cached');
    if ((usage.cacheWriteTokens ?? 0) > 0) this.#says('usage-cache-write');
    if ((usage.reasoningTokens ?? 0) > 0) this.#says('usage-reasoning');
    return usage;
  }
}
