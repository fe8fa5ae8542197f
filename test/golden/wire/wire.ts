/*
 * What a vendor puts on the wire, as it has published it. The cases say what is particular to them; what every request and every answer of the vendor has is
 * here, and how it streams an answer. None of it is made with our own codecs: it is what they are held against.
 */

export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [name: string]: Json;
}

export interface Wire {
  /** As the vendor names a model of its own. */
  readonly model: string;
  /** What every request has. */
  readonly request: JsonObject;
  /** What every request of ours to such a target has beside. */
  readonly asked?: JsonObject;
  /** What a request has that wants a stream. */
  readonly streamed: JsonObject;
  /** The whole of an answer, of what a case says of it. */
  reply(said: JsonObject): JsonObject;
  /** The answer as the vendor streams it, event by event. */
  stream(reply: JsonObject): readonly Uint8Array[];
  /** One line per event of a stream of this dialect. Throws where it is none. */
  lines(bytes: Uint8Array): string[];
  /** What else the route knows of a request. */
  hints?(isStreamed: boolean): { readonly form?: string; readonly search?: string };
  /** Paths of what differs between any two answers that say the same (`id`), or what the request says again. */
  readonly incidental: readonly string[];
  /** Paths of numbers whose absence is told as 0 or null, and the other way round. */
  readonly silent: readonly string[];
}

/** Objects are put into each other, all else replaces what was there; null takes away. */
export function merge(base: JsonObject, over: JsonObject): JsonObject {
  const merged: Record<string, Json> = { ...base };
  for (const [name, value] of Object.entries(over)) {
    const before = merged[name];
    if (value === null && before !== undefined) delete merged[name];
    else merged[name] = isObject(value) && isObject(before) ? merge(before, value) : value;
  }
  return merged;
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function objects(value: Json | undefined): readonly JsonObject[] {
  return Array.isArray(value) ? value.filter(isObject) : [];
}

export function object(value: Json | undefined): JsonObject {
  return isObject(value) ? value : {};
}

export function text(value: Json | undefined): string {
  return typeof value === 'string' ? value : '';
}

/** Pieces of a text as models give them; every piece is whole characters, as tokens that end within one are held back by the vendors. */
export function pieces(whole: string): string[] {
  return whole.match(/.{1,12}/gsu) ?? [];
}

/** Server-sent events: those with a `type` are named by it where the vendor does so. */
export function sse(events: readonly JsonObject[], named: boolean): Uint8Array[] {
  return events.map((event) => Buffer.from(`${named ? `event: ${text(event['type'])}\n` : ''}data: ${JSON.stringify(event)}\n\n`));
}

export const DONE = Buffer.from('data: [DONE]\n\n');

/** The data of each event, as one line; `names`: each must be named by its type. */
export function sseLines(bytes: Uint8Array, names: boolean): Json[] {
  const whole = new TextDecoder('utf-8', { fatal: true }).decode(bytes).replaceAll('\r\n', '\n');
  if (whole !== '' && !whole.endsWith('\n\n')) throw new Error(`a stream that ends within an event: ${whole.slice(-80)}`);
  return whole
    .split('\n\n')
    .slice(0, -1)
    .map((block) => {
      // Lines end at line feeds alone: a regular expression would end them at U+2028, too.
      const fields = block.split('\n');
      const name = fields.find((field) => field.startsWith('event: '))?.slice(7);
      const data = fields.find((field) => field.startsWith('data: '))?.slice(6);
      if (data === undefined) throw new Error(`an event without data: ${block}`);
      if (data === '[DONE]') return data;
      const value = JSON.parse(data) as Json;
      const type = isObject(value) ? value['type'] : undefined;
      if (names ? name !== type : name !== undefined) throw new Error(`an event named '${name}' of type ${JSON.stringify(type)}`);
      return value;
    });
}

/** What of a value is not looked at: what stands at `incidental` paths, and what says nothing at `silent` ones. */
export type Unseen = Pick<Wire, 'incidental' | 'silent'>;

interface Rest {
  readonly names: readonly string[];
  readonly isSilent: boolean;
}

/** One spelling for each value: fields by name, without what is unseen. Paths go through arrays. */
export function canonical(value: Json, { incidental, silent }: Unseen): Json {
  const rest = (isSilent: boolean) => (path: string) => ({ names: path.split('.'), isSilent });
  return spelled(value, [...incidental.map(rest(false)), ...silent.map(rest(true))]);
}

function spelled(node: Json, rests: readonly Rest[]): Json {
  if (Array.isArray(node)) return node.map((item: Json) => spelled(item, rests));
  if (!isObject(node)) return node;
  const kept: Record<string, Json> = {};
  for (const name of Object.keys(node).toSorted()) {
    const value = node[name] ?? null;
    const matching = rests.filter(({ names }) => names[0] === name);
    const last = matching.filter(({ names }) => names.length === 1);
    if (last.some(({ isSilent }) => !isSilent || value === null || value === 0)) continue;
    const within = matching.filter(({ names }) => names.length > 1).map((one) => ({ ...one, names: one.names.slice(1) }));
    const told = spelled(value, within);
    // An object that held nothing but what is unseen is as unseen.
    if (within.length > 0 && isObject(told) && Object.keys(told).length === 0) continue;
    kept[name] = told;
  }
  return kept;
}

/** As `canonical`, as text. */
export function line(value: Json, unseen: Unseen): string {
  return JSON.stringify(canonical(value, unseen));
}
