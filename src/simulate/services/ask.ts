/*
 * What the simulated AI services have in common: a JSON request that is looked at as FastAPI would, faults first, and an answer that
 * follows from the request and the seed alone, so that the same question has the same answer in every process.
 */
import { z } from 'zod';
import { insteadOfAnswer } from '../failures.ts';
import { jsonReply } from '../service-reply.ts';
import { hash, hashDigits, prose, seededRandom } from '../text.ts';
import { faultsOf, seedOf, type Visit } from '../visit.ts';

/** Where an answer's numbers and words come from. */
export interface Dice {
  /** A number from `low` to `high`, with so many decimals (default 2). */
  between(low: number, high: number, decimals?: number): number;
  /** Throws on an empty list. */
  pick<Item>(list: readonly Item[]): Item;
  /** `count` different ones, or all where there are fewer. */
  some<Item>(list: readonly Item[], count: number): Item[];
  /** A sentence or two of about so many words. */
  sentence(words: number): string;
  /** An id that follows from the request and `what`. */
  id(what: string): string;
}

/** Answers one path of one service. `text`: the body, where it has been read already. */
export type ServiceAnswerer = (visit: Visit, text?: string) => Promise<Response>;

/** What is answered, and how many tokens of it were generated (0: it was looked up or computed, and takes no time). */
export interface Told {
  readonly value: object;
  readonly tokenCount?: number;
}

/** Longer bodies are refused with 413: the older gateways' limit, which a picture in base64 fits into. */
const BODY_CHARS_MAX = 10_485_760;

/** A path that takes JSON: 413, 422 in FastAPI's shape, or the answer. */
export function asked<Schema extends z.ZodType>(
  schema: Schema,
  answer: (body: z.output<Schema>, dice: Dice, visit: Visit) => Told,
): ServiceAnswerer {
  return async (visit, given) => {
    const faults = faultsOf(visit);
    const failed = await insteadOfAnswer(faults, visit);
    if (failed !== undefined) return failed;
    const text = given ?? (await visit.request.text());
    visit.record.readBody(text);
    if (text.length > BODY_CHARS_MAX) return refuse(visit, 413, `The body is longer than ${BODY_CHARS_MAX} characters`);
    const read = parse(schema, text);
    if ('detail' in read) return refuse(visit, 422, read.detail);
    const { value, tokenCount = 0 } = answer(read.body, diceOf(`${visit.path} ${text}`, seedOf(visit, faults)), visit);
    return jsonReply(visit, faults, { value, tokenCount });
  };
}

/** A path that takes nothing. */
export function told(answer: (visit: Visit) => object): ServiceAnswerer {
  return async (visit) => {
    const faults = faultsOf(visit);
    const failed = await insteadOfAnswer(faults, visit);
    return failed ?? jsonReply(visit, faults, { value: answer(visit) });
  };
}

/** An error in the shape of FastAPI, which the older services were written in. */
export function refuse(visit: Visit, status: number, detail: unknown): Response {
  visit.record.answer(status);
  visit.record.end('complete');
  return Response.json({ detail }, { status });
}

interface Complaint {
  readonly type: string;
  readonly loc: readonly (string | number)[];
  readonly msg: string;
}

function parse<Schema extends z.ZodType>(
  schema: Schema,
  text: string,
): { readonly body: z.output<Schema> } | { readonly detail: readonly Complaint[] } {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    // What a client gets wrong is told in the reply, and nothing else hears of it.
    return { detail: [{ type: 'json_invalid', loc: ['body'], msg: 'JSON decode error' }] };
  }
  const result = schema.safeParse(json);
  if (result.success) return { body: result.data };
  return { detail: result.error.issues.map(({ code, path, message }) => ({ type: code, loc: ['body', ...path.map(step)], msg: message })) };
}

function step(part: PropertyKey): string | number {
  return typeof part === 'number' ? part : String(part);
}

/** Exported for tests of its promises. */
export function diceOf(text: string, seed: number): Dice {
  const random = seededRandom(hash(text, seed));
  const between = (low: number, high: number, decimals = 2): number => {
    const factor = 10 ** decimals;
    return Math.round((low + (high - low) * random()) * factor) / factor;
  };
  const pick = <Item>(list: readonly Item[]): Item => {
    const found = list[Math.floor(random() * list.length)];
    if (found === undefined) throw new Error('nothing to pick from');
    return found;
  };
  return {
    between,
    pick,
    some(list, count) {
      const left = [...list];
      return Array.from({ length: Math.min(count, left.length) }, () => left.splice(Math.floor(random() * left.length), 1)[0]).filter(
        (item) => item !== undefined,
      );
    },
    sentence: (words) => prose(words, random).join(''),
    id: (what) => `${what}-${hashDigits(`${what} ${text}`, seed, 12)}`,
  };
}

/** A text that says something. */
export const words = z.string().trim().min(1).max(100_000);
export const limit = (max: number, standard: number) => z.int().min(1).max(max).default(standard);
