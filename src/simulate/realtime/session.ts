/*
 * One realtime session: what a client says, event by event, and what becomes of it. Answers are planned in response-plan.ts and sent by
 * respond.ts, one at a time. Turns are not detected: what was said is committed by the client, whatever `turn_detection` says.
 */
import { type Answer, answer, type Question } from '../answer.ts';
import type { Faults } from '../faults.ts';
import { isObject, type JsonObject, shownAs } from '../json-instance.ts';
import { readTools } from '../openai-request.ts';
import type { Socket, SocketTalk } from '../sockets.ts';
import { estimateTokens, hash, hashDigits } from '../text.ts';
import { seedOf, type Visit } from '../visit.ts';
import { ClientError, missing, unsupported } from './client-error.ts';
import { Conversation, type Item, itemOf, readItem, spokenItem } from './conversation.ts';
import { InputAudio } from './input-audio.ts';
import { errorEvent, respond } from './respond.ts';
import { type Ending, planResponse } from './response-plan.ts';
import { defaultConfig, isTranscribed, responseConfig, type SessionConfig, type SessionType, updatedConfig } from './session-config.ts';
import { Wire } from './wire.ts';

/** Characters of what the client said that the record keeps. */
const RECORDED_CHARS_MAX = 65_536;

export interface SessionRules {
  readonly id: string;
  readonly type: SessionType;
  readonly model: string;
  readonly faults: Faults;
}

interface ActiveResponse {
  readonly id: string;
  readonly ending: AbortController;
  /** Resolves when it is over. */
  running: Promise<void>;
}

type Handler = (event: JsonObject) => void;

export class RealtimeSession implements SocketTalk {
  readonly #visit: Visit;
  readonly #rules: SessionRules;
  readonly #conversation: Conversation;
  readonly #audio = new InputAudio();
  readonly #gone = new AbortController();
  #config: SessionConfig;
  #wire: Wire | undefined;
  #active: ActiveResponse | undefined;
  #made = 0;
  #recorded = '';

  constructor(rules: SessionRules, visit: Visit) {
    this.#rules = rules;
    this.#visit = visit;
    this.#config = defaultConfig(rules.type, rules.id, rules.model);
    this.#conversation = new Conversation(this.#newId('conv_'));
  }

  opened(socket: Socket): void {
    this.#wire = new Wire(socket, this.#rules.id);
    if (this.#rules.faults.empty) {
      this.#visit.record.end('complete');
      this.#wire.close();
      return;
    }
    this.#wire.say({ type: 'session.created', session: this.#config });
  }

  heard(text: string): void {
    if (this.#recorded.length < RECORDED_CHARS_MAX) {
      this.#recorded += `${text.slice(0, RECORDED_CHARS_MAX)}\n`;
      this.#visit.record.readBody(this.#recorded);
    }
    let event: unknown;
    try {
      event = JSON.parse(text);
    } catch {
      // Told below.
      event = undefined;
    }
    const id = isObject(event) && typeof event['event_id'] === 'string' ? event['event_id'] : null;
    try {
      if (!isObject(event)) throw new ClientError('The event is not a JSON object.', 'invalid_event');
      this.#handle(event);
    } catch (error) {
      if (!(error instanceof ClientError)) throw error;
      const { code, message: said, param } = error;
      this.#wire?.say(errorEvent({ type: 'invalid_request_error', code, message: said }, { param, event_id: id }));
    }
  }

  closed(): void {
    this.#gone.abort();
    this.#active?.ending.abort();
    this.#visit.record.end('complete');
  }

  /** What each event does. Throws ClientError. */
  readonly #handlers: ReadonlyMap<string, Handler> = new Map<string, Handler>([
    ['session.update', (event) => this.#update(event)],
    ['input_audio_buffer.append', (event) => this.#audio.append(event['audio'])],
    ['input_audio_buffer.commit', () => this.#commit()],
    ['input_audio_buffer.clear', () => this.#clear()],
    ['conversation.item.create', (event) => this.#create(event)],
    ['conversation.item.retrieve', (event) => this.#retrieve(event)],
    ['conversation.item.truncate', (event) => this.#truncate(event)],
    ['conversation.item.delete', (event) => this.#delete(event)],
    ['response.create', (event) => this.#respond(event)],
    ['response.cancel', (event) => this.#cancel(event)],
  ]);

  #handle(event: JsonObject): void {
    if (event['type'] === undefined) throw new ClientError("The 'type' field is missing.", 'invalid_event');
    const handler = typeof event['type'] === 'string' ? this.#handlers.get(event['type']) : undefined;
    if (handler === undefined) throw unsupported(event['type'], [...this.#handlers.keys()], 'type');
    handler(event);
  }

  #update(event: JsonObject): void {
    this.#config = updatedConfig(this.#config, event['session']);
    this.#wire?.say({ type: 'session.updated', session: this.#config });
  }

  #create(event: JsonObject): void {
    const item = readItem(event['item'], this.#newId('item_'));
    this.#announce(item, this.#conversation.add(item, event['previous_item_id']));
  }

  #announce(item: Item, previous: string | null): void {
    for (const type of ['conversation.item.added', 'conversation.item.done']) {
      this.#wire?.say({ type, previous_item_id: previous, item: item.wire });
    }
  }

  #retrieve({ item_id: id }: JsonObject): void {
    const item = this.#conversation.find(id);
    if (item === undefined)
      throw new ClientError(`Item with id '${shownAs(id).slice(0, 64)}' does not exist.`, 'item_retrieve_invalid_item_id', 'item_id');
    this.#wire?.say({ type: 'conversation.item.retrieved', item: item.wire });
  }

  #truncate(event: JsonObject): void {
    for (const name of ['item_id', 'content_index', 'audio_end_ms']) if (event[name] === undefined) throw missing(name);
    const { item_id: id, content_index, audio_end_ms } = event;
    if (this.#conversation.find(id)?.role !== 'assistant') {
      throw new ClientError(
        `Only model output audio messages can be truncated: '${shownAs(id).slice(0, 64)}' is none.`,
        'item_truncate_invalid_item_id',
        'item_id',
      );
    }
    this.#wire?.say({ type: 'conversation.item.truncated', item_id: id, content_index, audio_end_ms });
  }

  #delete({ item_id: id }: JsonObject): void {
    this.#conversation.remove(id);
    this.#wire?.say({ type: 'conversation.item.deleted', item_id: id });
  }

  #clear(): void {
    this.#audio.take(this.#config);
    this.#wire?.say({ type: 'input_audio_buffer.cleared' });
  }

  #commit(): void {
    const { seconds, digest } = this.#audio.commit(this.#config);
    const { faults } = this.#rules;
    const heard = answer(questionOf(digest, ''), faults, seedOf(this.#visit, faults));
    const transcript = heard.kind === 'tools' ? '' : heard.tokens.join('');
    const item = spokenItem(this.#newId('item_'), transcript, seconds);
    const previous = this.#conversation.add(item);
    this.#wire?.say({ type: 'input_audio_buffer.committed', previous_item_id: previous, item_id: item.id });
    this.#announce(item, previous);
    if (!isTranscribed(this.#config)) return;
    const place = { item_id: item.id, content_index: 0 };
    const output = estimateTokens(transcript);
    const usage = { type: 'tokens', total_tokens: item.audioTokens + output, input_tokens: item.audioTokens, output_tokens: output };
    this.#wire?.say({ type: 'conversation.item.input_audio_transcription.delta', ...place, delta: transcript });
    this.#wire?.say({ type: 'conversation.item.input_audio_transcription.completed', ...place, transcript, usage });
  }

  #cancel({ response_id: id }: JsonObject): void {
    if (this.#active === undefined || (id !== undefined && id !== this.#active.id)) {
      throw new ClientError('Cancellation failed: no active response found', 'response_cancel_not_active');
    }
    this.#active.ending.abort();
  }

  #respond(event: JsonObject): void {
    if (this.#rules.type === 'transcription') throw new ClientError('A transcription session makes no responses.', 'invalid_value', 'type');
    const asked = event['response'] ?? {};
    if (!isObject(asked)) throw new ClientError("Invalid type for 'response': expected an object.", 'invalid_type', 'response');
    if (this.#active !== undefined) {
      const message = `Conversation already has an active response in progress: ${this.#active.id}. Wait until the response is finished before creating a new one.`;
      throw new ClientError(message, 'conversation_already_has_active_response');
    }
    const config = responseConfig(this.#config, asked);
    const active: ActiveResponse = { id: this.#newId('resp_'), ending: new AbortController(), running: Promise.resolve() };
    const items = this.#inputOf(asked);
    this.#active = active;
    active.running = this.#run(active, { config, items, isApart: asked['conversation'] === 'none', metadata: asked['metadata'] });
  }

  /** What a response answers: the conversation, or what the client gives in its place. */
  #inputOf({ input }: JsonObject): readonly Item[] {
    if (input === undefined || input === null) return this.#conversation.list();
    if (!Array.isArray(input))
      throw new ClientError("Invalid type for 'response.input': expected an array.", 'invalid_type', 'response.input');
    return input.map((value: unknown) => {
      if (!isObject(value) || value['type'] !== 'item_reference') return readItem(value, this.#newId('item_'));
      const found = this.#conversation.find(value['id']);
      if (found === undefined)
        throw new ClientError(`Item with id '${shownAs(value['id']).slice(0, 64)}' does not exist.`, 'invalid_value', 'response.input');
      return found;
    });
  }

  async #run(active: ActiveResponse, asked: ResponseAsked): Promise<void> {
    const { faults } = this.#rules;
    const wire = this.#wire;
    if (wire === undefined) return;
    const { config, items, isApart } = asked;
    const instructions = shownAs(config['instructions'] ?? '');
    const said = [instructions, ...items.map((item) => `${item.role}\n${item.text}`)].join('\n');
    const last = items.at(-1);
    const question = { ...questionOf(said, last?.role === 'user' ? last.text : ''), ...limitsOf(config) };
    const seed = seedOf(this.#visit, faults);
    const given = answer(question, faults, seed);
    const sum = (count: (item: Item) => number) => items.reduce((total, item) => total + count(item), 0);
    const plan = planResponse({
      responseId: active.id,
      itemId: (index) => `item_${hashDigits(`${active.id}\n${index}`, 0)}`,
      conversationId: isApart ? null : this.#conversation.id,
      previousItemId: this.#conversation.list().at(-1)?.id ?? null,
      config,
      metadata: asked.metadata,
      given,
      seed: hash(said, seed),
      inputTokens: {
        text: estimateTokens(instructions) + sum((item) => item.textTokens),
        audio: sum((item) => item.audioTokens),
      },
    });
    const delivered = await respond(plan, endingOf(given), {
      wire,
      visit: this.#visit,
      faults,
      seed: hash(said, seed),
      gone: this.#gone.signal,
      ended: active.ending.signal,
    });
    this.#active = undefined;
    if (delivered === undefined || isApart) return;
    for (const { wire: item, text } of plan.items(delivered.sent, delivered.ending)) this.#keep(itemOf(item, 'assistant', text));
  }

  /** Of the model's own making, and told already: where there is no room, it is left out. */
  #keep(item: Item): void {
    try {
      this.#conversation.add(item);
    } catch (error) {
      if (!(error instanceof ClientError)) throw error;
    }
  }

  #newId(prefix: string): string {
    this.#made += 1;
    return `${prefix}${hashDigits(`${this.#rules.id}\n${this.#made}`, 0)}`;
  }
}

interface ResponseAsked {
  readonly config: SessionConfig;
  readonly items: readonly Item[];
  /** Outside of the conversation. */
  readonly isApart: boolean;
  readonly metadata: unknown;
}

function questionOf(conversation: string, lastUserText: string): Question {
  return {
    conversation,
    lastUserText,
    tools: [],
    toolChoice: undefined,
    parallelTools: true,
    format: undefined,
    stops: [],
    tokensMax: undefined,
  };
}

function limitsOf(config: SessionConfig): Pick<Question, 'tools' | 'toolChoice' | 'parallelTools' | 'tokensMax'> {
  const { tools, tool_choice: choice, parallel_tool_calls: parallel, max_output_tokens: tokens } = config;
  const named = isObject(choice) ? choice['name'] : choice;
  return {
    // The shape that chat has, around the one that is flat.
    tools: readTools(Array.isArray(tools) ? tools.map((tool: unknown) => ({ function: tool })) : []),
    toolChoice: typeof named === 'string' && named !== 'auto' ? named : undefined,
    parallelTools: parallel !== false,
    tokensMax: typeof tokens === 'number' ? tokens : undefined,
  };
}

function endingOf(given: Answer): Ending {
  const isCutShort = given.kind === 'text' && given.finish === 'length';
  return isCutShort ? { status: 'incomplete', reason: 'max_output_tokens' } : { status: 'completed' };
}
