/*
 * Server side: events of ours as a stream. Blocks are numbered as they are told; only calls and pictures are announced, as the vendor does. What was used is
 * told last.
 */

import type { Signature } from '../../operations/chat.ts';
import type { ChatEvent, PartOpening } from '../../operations/chat-events.ts';
import type { Usage } from '../../operations/usage.ts';
import type { ChatStreamEncoder, EncodeFacts } from '../dialect-codec.ts';
import { isRecord } from '../dialect-errors.ts';
import { type Block, memberOf } from './block.ts';
import { toolInput } from './block-encode.ts';
import { encodeCitation } from './citations.ts';
import { encodeFinish } from './finish.ts';
import { type EventName, eventFrame } from './frames.ts';
import { answerBlocks, writeStopSequence } from './reply-codec.ts';
import { callSignatureBlocks, writeThought } from './thoughts.ts';
import { writeUsage } from './usage.ts';

/** The part that is being told; there is one at a time. */
interface OpenPart {
  readonly opening: PartOpening;
  readonly index: number;
  /** Something of its block has been told. */
  told: boolean;
  signature: Signature | undefined;
  /** Of a call that takes text instead of JSON: all of it, for it must be put into JSON. */
  plain: string;
}

export class BedrockStreamEncoder implements ChatStreamEncoder {
  readonly #facts: EncodeFacts;
  #out: Uint8Array[] = [];
  #blocks = 0;
  #open: OpenPart | undefined;
  #hasCalls = false;
  #started = false;
  #usage: Usage | undefined;

  constructor(facts: EncodeFacts) {
    this.#facts = facts;
  }

  encode(events: readonly ChatEvent[]): Uint8Array | undefined {
    for (const event of events) this.#event(event);
    const frames = this.#out;
    if (frames.length === 0) return undefined;
    this.#out = [];
    return frames.length === 1 ? frames[0] : Buffer.concat(frames);
  }

  #event(event: ChatEvent): void {
    // This dialect has one answer to a question.
    if ('choice' in event && event.choice !== 0) return;
    switch (event.kind) {
      case 'start':
        this.#usage = event.usage;
        this.#start();
        return;
      case 'part':
        this.#part(event.opening);
        return;
      case 'text':
        this.#delta(
          this.#open?.opening.kind === 'reasoning'
            ? `{"reasoningContent":{"text":${JSON.stringify(event.text)}}}`
            : `{"text":${JSON.stringify(event.text)}}`,
        );
        return;
      case 'arguments':
        if (this.#open?.opening.kind === 'tool-call' && this.#open.opening.custom === true) this.#open.plain += event.text;
        else this.#delta(`{"toolUse":{"input":${JSON.stringify(event.text)}}}`);
        return;
      case 'signature':
        if (this.#open !== undefined) this.#open.signature = event.signature;
        return;
      case 'citation':
        this.#delta(JSON.stringify({ citation: encodeCitation(event.citation) }));
        return;
      case 'part-end':
        this.#close();
        return;
      case 'finish':
        this.#close();
        this.#write('messageStop', { stopReason: encodeFinish(event.reason, this.#hasCalls), ...writeStopSequence(event.stopSequence) });
        return;
      case 'usage':
        this.#usage = event.usage;
        return;
      case 'end':
        this.#write('metadata', { usage: writeUsage(this.#usage), metrics: { latencyMs: this.#facts.elapsedMs?.() ?? 0 } });
        break;
      default:
      // Log probabilities and audio are beyond this dialect; a failure is told elsewhere.
    }
  }

  #start(): void {
    if (this.#started) return;
    this.#started = true;
    this.#write('messageStart', { role: 'assistant' });
  }

  #part(opening: PartOpening): void {
    this.#start();
    this.#close();
    if (opening.kind === 'tool-call') {
      this.#hasCalls = true;
      for (const block of callSignatureBlocks(opening.signature, opening.id)) this.#whole(block);
    }
    const open: OpenPart = { opening, index: this.#blocks, told: false, signature: undefined, plain: '' };
    this.#open = open;
    switch (opening.kind) {
      case 'tool-call':
        this.#announce({ toolUse: { toolUseId: opening.id, name: opening.name } });
        return;
      case 'image':
        for (const block of answerBlocks(opening)) this.#content(block);
        return;
      case 'native':
        if (isRecord(opening.value)) this.#content(opening.value);
        break;
      default:
      // Texts and thoughts begin with their first piece.
    }
  }

  #announce(start: Block): void {
    const open = this.#open;
    if (open === undefined) return;
    this.#begin(open);
    this.#write('contentBlockStart', { start, contentBlockIndex: open.index });
  }

  /** A block that is there at once. Of a stream's blocks only these have a beginning; others are told as they are. */
  #content(block: Block): void {
    const [kind, value] = memberOf(block) ?? [];
    if (kind === 'image' && isRecord(value)) {
      this.#announce({ image: { format: value['format'] } });
      this.#delta(JSON.stringify({ image: { source: value['source'] } }));
    } else if ((kind === 'toolUse' || kind === 'toolResult') && isRecord(value)) {
      const { input, content, ...start } = value;
      this.#announce({ [kind]: start });
      this.#delta(JSON.stringify({ [kind]: kind === 'toolUse' ? { input: JSON.stringify(input ?? {}) } : (content ?? []) }));
    } else this.#delta(JSON.stringify(block));
  }

  #whole(block: Block): void {
    const contentBlockIndex = this.#blocks++;
    this.#write('contentBlockDelta', { delta: block, contentBlockIndex });
    this.#write('contentBlockStop', { contentBlockIndex });
  }

  #close(): void {
    const open = this.#open;
    if (open === undefined) return;
    const { opening, signature, plain } = open;
    if (opening.kind === 'tool-call' && opening.custom === true)
      this.#delta(JSON.stringify({ toolUse: { input: JSON.stringify(toolInput({ arguments: plain, custom: true })) } }));
    if (opening.kind === 'reasoning') this.#closeThought(open, signature);
    this.#open = undefined;
    if (open.told) this.#write('contentBlockStop', { contentBlockIndex: open.index });
  }

  /** Whether there was a text is all that the form of its proof depends on. */
  #closeThought({ opening, told }: OpenPart, signature: Signature | undefined): void {
    if (opening.kind !== 'reasoning') return;
    const { id, sealed } = opening;
    const thought = writeThought({
      text: told ? '…' : '',
      ...(signature === undefined ? {} : { signature }),
      ...(id === undefined ? {} : { id }),
      ...(sealed === undefined ? {} : { sealed }),
    });
    const shown = thought['reasoningText'];
    const proof = isRecord(shown) ? shown['signature'] : undefined;
    if (isRecord(shown) && proof === undefined) return;
    this.#delta(JSON.stringify({ reasoningContent: isRecord(shown) ? { signature: proof } : thought }));
  }

  #begin(open: OpenPart): void {
    if (open.told) return;
    open.told = true;
    this.#blocks += 1;
  }

  /** The pieces of an answer, which are nearly all of its events: one string each. */
  #delta(json: string): void {
    const open = this.#open;
    if (open === undefined) return;
    this.#begin(open);
    this.#out.push(eventFrame('contentBlockDelta', `{"delta":${json},"contentBlockIndex":${open.index}}`));
  }

  #write(name: EventName, payload: object): void {
    this.#out.push(eventFrame(name, JSON.stringify(payload)));
  }
}
