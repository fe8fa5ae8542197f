import { GatewayError } from '../base/errors.ts';
import type { ChatEvent } from '../operations/chat-events.ts';

/** More text than any answer holds back for the sake of order. */
const HELD_CHARS_MAX = 16 * 1_048_576;

interface ChoiceState {
  /** The part that is being told; undefined between two parts. */
  open: number | undefined;
  /** Parts that began while another was open, in the order of their beginnings, with all of their events so far. */
  readonly held: Map<number, ChatEvent[]>;
}

/**
 * Puts a stream's parts one after the other: some servers interleave the arguments of parallel calls, and most dialects can't tell them so. Events of a part
 * that began while another was open are held until that one ends.
 */
export class PartSequence {
  readonly #choices = new Map<number, ChoiceState>();
  #heldChars = 0;

  /** Adds to `out` what may be told now. Throws `upstream_stream_interrupted` when too much would have to be held. */
  push(event: ChatEvent, out: ChatEvent[]): void {
    switch (event.kind) {
      case 'part':
      case 'text':
      case 'arguments':
      case 'signature':
      case 'citation':
      case 'log-probabilities':
      case 'audio':
      case 'part-end':
        this.#ofPart(event, out);
        return;
      case 'finish':
        this.#close(event.choice, out);
        out.push(event);
        return;
      case 'end':
        for (const choice of this.#choices.keys()) this.#close(choice, out);
        out.push(event);
        return;
      default:
        out.push(event);
    }
  }

  #ofPart(event: ChatEvent & { readonly part: number; readonly choice: number }, out: ChatEvent[]): void {
    let state = this.#choices.get(event.choice);
    if (state === undefined) this.#choices.set(event.choice, (state = { open: undefined, held: new Map() }));
    if (event.kind === 'part' && state.open === undefined) state.open = event.part;
    if (event.part !== state.open) {
      this.#hold(event, state);
      return;
    }
    out.push(event);
    if (event.kind === 'part-end') this.#release(state, out);
  }

  #hold(event: ChatEvent & { readonly part: number }, { held }: ChoiceState): void {
    const events = held.get(event.part);
    if (events !== undefined) events.push(event);
    else if (event.kind === 'part') held.set(event.part, [event]);
    else throw new Error(`an event of the part ${event.part}, which is not open`);
    if (event.kind === 'text' || event.kind === 'arguments') this.#heldChars += event.text.length;
    if (this.#heldChars > HELD_CHARS_MAX)
      throw new GatewayError('upstream_stream_interrupted', 'the upstream interleaves more parts of its answer than can be put in order');
  }

  /** The open part has ended: those held follow, up to one that has not ended itself. */
  #release(state: ChoiceState, out: ChatEvent[]): void {
    state.open = undefined;
    for (const [part, events] of state.held) {
      state.held.delete(part);
      for (const event of events) out.push(event);
      if (events.at(-1)?.kind === 'part-end') continue;
      state.open = part;
      return;
    }
  }

  #close(choice: number, out: ChatEvent[]): void {
    const state = this.#choices.get(choice);
    if (state === undefined) return;
    while (state.open !== undefined) {
      out.push({ kind: 'part-end', choice, part: state.open });
      this.#release(state, out);
    }
  }
}
