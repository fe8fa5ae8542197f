/* Streams as an upstream may send them, in our words; and what a stream says when it is over, so that streams and whole answers can be compared. */
import fc, { type Arbitrary } from 'fast-check';
import type { ChatChoice, ChatPart, ChatReply, Citation, FinishReason, Signature, TokenLogProbability } from '../../src/operations/chat.ts';
import type { ChatEvent, PartOpening } from '../../src/operations/chat-events.ts';
import type { Usage } from '../../src/operations/usage.ts';

/** A whole answer as a stream of events, in pieces cut where the numbers say; its choices in turns. */
export function eventsOf(reply: ChatReply, cuts: readonly number[]): ChatEvent[] {
  let at = 0;
  const next = (): number => cuts[at++ % Math.max(1, cuts.length)] ?? 1;
  const lanes = reply.choices.map((choice, index) => choiceEvents(choice, index, next));
  const { id, model, createdAtMs, usage } = reply;
  const told: ChatEvent[] = [
    {
      kind: 'start',
      ...(id === undefined ? {} : { id }),
      ...(model === undefined ? {} : { model }),
      ...(createdAtMs === undefined ? {} : { createdAtMs }),
    },
  ];
  while (lanes.some(({ length }) => length > 0)) for (const lane of lanes) told.push(...lane.splice(0, next()));
  if (usage !== undefined) told.push({ kind: 'usage', usage });
  told.push({ kind: 'end' });
  return told;
}

function choiceEvents({ parts, finish, stopSequence, logProbabilities }: ChatChoice, choice: number, next: () => number): ChatEvent[] {
  const told: ChatEvent[] = [];
  let probabilities = logProbabilities;
  for (const [part, given] of parts.entries()) {
    const of = { choice, part };
    told.push({ kind: 'part', opening: openingOf(given), ...of });
    for (const event of partEvents(given, next)) told.push({ ...event, ...of } as ChatEvent);
    if (given.kind === 'text' && probabilities !== undefined) {
      told.push({ kind: 'log-probabilities', tokens: probabilities, ...of });
      probabilities = undefined;
    }
    told.push({ kind: 'part-end', ...of });
  }
  told.push({ kind: 'finish', choice, reason: finish, ...(stopSequence === undefined ? {} : { stopSequence }) });
  return told;
}

function openingOf(part: ChatPart): PartOpening {
  switch (part.kind) {
    case 'text':
    case 'refusal':
      return { kind: part.kind };
    case 'reasoning':
      return {
        kind: 'reasoning',
        ...(part.id === undefined ? {} : { id: part.id }),
        ...(part.sealed === undefined ? {} : { sealed: true }),
      };
    case 'tool-call':
      return {
        kind: 'tool-call',
        id: part.id,
        name: part.name,
        ...(part.custom === undefined ? {} : { custom: true }),
        ...(part.signature === undefined ? {} : { signature: part.signature }),
      };
    case 'image':
      return { kind: 'image', source: part.source };
    case 'native':
      return part;
    default:
      throw new Error(`no answer has a part of kind '${part.kind}'`);
  }
}

function partEvents(part: ChatPart, next: () => number): object[] {
  switch (part.kind) {
    case 'text':
      return [
        ...pieces(part.text, next).map((text) => ({ kind: 'text', text })),
        ...(part.citations ?? []).map((citation) => ({ kind: 'citation', citation })),
      ];
    case 'refusal':
      return pieces(part.text, next).map((text) => ({ kind: 'text', text }));
    case 'reasoning':
      return [
        ...pieces(part.text, next).map((text) => ({ kind: 'text', text })),
        ...(part.signature === undefined ? [] : [{ kind: 'signature', signature: part.signature }]),
      ];
    case 'tool-call':
      return pieces(part.arguments, next).map((text) => ({ kind: 'arguments', text }));
    default:
      return [];
  }
}

/** Never within a pair of surrogates, never empty. */
function pieces(text: string, next: () => number): string[] {
  const points = Array.from(text);
  const cut: string[] = [];
  while (points.length > 0) cut.push(points.splice(0, next()).join(''));
  return cut;
}

/** Where a stream may be cut: lengths of pieces, from 1. */
export const arbitraryCuts: Arbitrary<readonly number[]> = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 6 });

interface GatheredPart {
  readonly opening: PartOpening;
  text: string;
  signature: Signature | undefined;
  readonly citations: Citation[];
  readonly audio: Buffer[];
  isOpen: boolean;
}

interface GatheredChoice {
  readonly parts: GatheredPart[];
  readonly logProbabilities: TokenLogProbability[];
  finish: { readonly reason: FinishReason; readonly stopSequence?: string } | undefined;
}

/** What a stream said, as a whole answer. Throws where it breaks a law of chat-events.ts. `isWhole` is false after a failure. */
export function gather(events: readonly ChatEvent[]): { readonly reply: ChatReply; readonly isWhole: boolean } {
  const gathering = new Gathering();
  for (const event of events) gathering.take(event);
  return gathering.told();
}

class Gathering {
  readonly #choices = new Map<number, GatheredChoice>();
  #start: (ChatEvent & { kind: 'start' }) | undefined;
  #usage: Usage | undefined;
  #over: 'end' | 'failure' | undefined;

  take(event: ChatEvent): void {
    if (this.#over !== undefined) throw new Error(`'${event.kind}' came after '${this.#over}'`);
    if (event.kind === 'failure') {
      this.#over = 'failure';
      return;
    }
    if ((event.kind === 'start') !== (this.#start === undefined))
      throw new Error(`'${event.kind}' came ${this.#start === undefined ? 'before' : 'after'} 'start'`);
    switch (event.kind) {
      case 'start':
        this.#start = event;
        this.#usage = event.usage;
        return;
      case 'usage':
        this.#usage = event.usage;
        return;
      case 'end':
        for (const { finish } of this.#choices.values()) if (finish === undefined) throw new Error('the end came before a finish');
        this.#over = 'end';
        return;
      case 'finish': {
        const choice = this.#choice(event.choice);
        if (choice.finish !== undefined) throw new Error('a choice is finished twice');
        if (choice.parts.some(({ isOpen }) => isOpen)) throw new Error('a choice is finished before one of its parts');
        choice.finish = event;
        return;
      }
      default:
        this.#part(event);
    }
  }

  #choice(index: number): GatheredChoice {
    let choice = this.#choices.get(index);
    if (choice === undefined) this.#choices.set(index, (choice = { parts: [], logProbabilities: [], finish: undefined }));
    return choice;
  }

  #part(event: ChatEvent & { readonly part: number; readonly choice: number }): void {
    const choice = this.#choice(event.choice);
    if (choice.finish !== undefined) throw new Error(`'${event.kind}' came after the finish of its choice`);
    if (event.kind === 'part') {
      if (event.part !== choice.parts.length) throw new Error(`part ${event.part} came where ${choice.parts.length} was due`);
      choice.parts.push({ opening: event.opening, text: '', signature: undefined, citations: [], audio: [], isOpen: true });
      return;
    }
    const part = choice.parts[event.part];
    if (part?.isOpen !== true) throw new Error(`'${event.kind}' came for a part that is not open`);
    this.#fill(part, choice, event);
  }

  #fill(part: GatheredPart, choice: GatheredChoice, event: ChatEvent): void {
    switch (event.kind) {
      case 'text':
      case 'arguments':
        if (event.text === '') throw new Error(`an empty '${event.kind}'`);
        if ((part.opening.kind === 'tool-call') !== (event.kind === 'arguments'))
          throw new Error(`'${event.kind}' in a '${part.opening.kind}'`);
        part.text += event.text;
        return;
      case 'signature':
        part.signature = event.signature;
        return;
      case 'citation':
        part.citations.push(event.citation);
        return;
      case 'audio':
        part.audio.push(Buffer.from(event.base64, 'base64'));
        return;
      case 'log-probabilities':
        choice.logProbabilities.push(...event.tokens);
        return;
      default:
        part.isOpen = false;
    }
  }

  told(): { readonly reply: ChatReply; readonly isWhole: boolean } {
    const choices = [...this.#choices]
      .toSorted(([a], [b]) => a - b)
      .map(
        ([, { parts, finish, logProbabilities }]): ChatChoice => ({
          parts: parts.map(partOf),
          finish: finish?.reason ?? 'other',
          ...(finish?.stopSequence === undefined ? {} : { stopSequence: finish.stopSequence }),
          ...(logProbabilities.length === 0 ? {} : { logProbabilities }),
        }),
      );
    const { id, model, createdAtMs } = this.#start ?? {};
    const reply: ChatReply = {
      ...(id === undefined ? {} : { id }),
      ...(model === undefined ? {} : { model }),
      ...(createdAtMs === undefined ? {} : { createdAtMs }),
      choices,
      ...(this.#usage === undefined ? {} : { usage: this.#usage }),
    };
    return { reply, isWhole: this.#over === 'end' };
  }
}

function partOf({ opening, text, signature, citations, audio }: GatheredPart): ChatPart {
  switch (opening.kind) {
    case 'text':
      return { kind: 'text', text, ...(citations.length === 0 ? {} : { citations }) };
    case 'reasoning':
      return { ...opening, text, ...(signature === undefined ? {} : { signature }) };
    case 'refusal':
      return { kind: 'refusal', text };
    case 'tool-call':
      return { ...opening, arguments: text, ...(signature === undefined ? {} : { signature }) };
    case 'audio':
      return {
        kind: 'audio',
        source: { kind: 'data', media: opening.media, base64: Buffer.concat(audio).toString('base64') },
        ...(text === '' ? {} : { transcript: text }),
      };
    default:
      return opening;
  }
}
