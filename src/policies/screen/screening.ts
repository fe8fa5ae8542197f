/* The screening of one request: what was looked at, what was found, and what follows from it. */

import { GatewayError } from '../../base/errors.ts';
import type { Exchange } from '../../pipeline/exchange.ts';
import { screeningFact } from '../../pipeline/facts.ts';
import type { GatewayRequest } from '../../pipeline/request.ts';
import { type BodyShape, readBody } from './screen-body.ts';
import type { ScreeningConfig } from './screen-config.ts';
import { type Field, formFields, pathFields } from './screen-fields.ts';
import type { Check, ScreenRule } from './screen-rules.ts';
import { isSqlInjection } from './sql-injection.ts';
import { textForms } from './text-forms.ts';
import { isXss } from './xss.ts';

export type ScreenAction = 'reported' | 'blocked' | 'unscreened';

export interface ScreeningDeps {
  /** Called once per request and check that found something, and with `body` for a body that could not be screened. */
  readonly onFinding: (check: Check | 'body', action: ScreenAction) => void;
}

const TEXT_CHECKS = [
  { check: 'sql_injection', detects: isSqlInjection, looksLike: 'SQL injection' },
  { check: 'xss', detects: isXss, looksLike: 'cross-site scripting' },
] as const;

/** Longest place that is told. */
const WHERE_MAX = 200;

export interface ScreeningInput {
  readonly rule: ScreenRule;
  readonly exchange: Exchange;
  readonly config: ScreeningConfig;
}

export class Screening {
  readonly rule: ScreenRule;
  readonly #config: ScreeningConfig;
  readonly #deps: ScreeningDeps;
  readonly #exchange: Exchange;
  /** Checks that have nothing left to find: off, or found already. */
  readonly #done = new Set<Check>();
  readonly #told: string[] = [];
  /** Characters that may still be read in another form than their own: decoding must not multiply the work without end. */
  #charactersLeft: number;

  constructor({ rule, exchange, config }: ScreeningInput, deps: ScreeningDeps) {
    this.rule = rule;
    this.#config = config;
    this.#deps = deps;
    this.#exchange = exchange;
    this.#charactersLeft = 2 * config.body_bytes_max;
    for (const check of ['sql_injection', 'xss', 'structure'] as const) if (rule.modes[check] === 'off') this.#done.add(check);
  }

  /** Path, query and headers. Throws where a check blocks. */
  head(request: GatewayRequest): void {
    this.#look(pathFields(request.path));
    if (request.search.length > 1) this.#look(formFields(request.search.slice(1), 'query'));
    for (const name of this.#config.headers) {
      const value = request.headers.get(name);
      if (value !== null) this.#look(headerFields(name, value));
    }
  }

  /** Whether a body of this type may come. Throws where `structure` blocks. */
  contentType(shape: BodyShape): void {
    const { contentTypes } = this.rule;
    if (contentTypes === undefined) return;
    const isAllowed = contentTypes.some(
      (type) => type === shape.media || (type.endsWith('/*') && shape.media.startsWith(type.slice(0, -1))),
    );
    if (isAllowed) return;
    const message = `the body must be ${contentTypes.join(' or ')}, not ${shape.media === '' ? 'without a content type' : shape.media}`;
    this.#find('structure', 'content-type', () => new GatewayError('content_type_unsupported', message));
  }

  /** A body, or the beginning of one. Throws where a check blocks. */
  body(bytes: Uint8Array, shape: BodyShape, isWhole: boolean): void {
    if (!isWhole) this.unscreened('the body is longer than what is screened here', 'body_too_large');
    const limits = { depthMax: this.#config.json_depth_max, nodesMax: this.#config.json_values_max };
    let reading: ReturnType<typeof readBody>;
    try {
      reading = readBody({ shape, bytes, isWhole, limits });
    } catch (cause) {
      if (!(cause instanceof RangeError)) throw cause;
      this.unscreened('the charset of the body is not known here', 'content_type_unsupported');
      return;
    }
    this.#look(reading.fields);
    const { fault } = reading;
    if (fault === undefined) return;
    const code = shape.kind === 'json' ? 'json_invalid' : 'request_invalid';
    this.#find('structure', 'body', () => new GatewayError(code, `the body is no valid ${shape.media}: ${fault}`, { param: 'body' }));
  }

  /** Says that there is a body, or a part of one, that nobody looked at. Throws where such are refused. */
  unscreened(why: string, code: 'body_too_large' | 'content_encoding_unsupported' | 'content_type_unsupported'): void {
    if (this.rule.refusesUnscreened) {
      this.#deps.onFinding('body', 'blocked');
      this.#tell('body:blocked');
      throw new GatewayError(code, `${why}, and is refused`);
    }
    this.#deps.onFinding('body', 'unscreened');
    this.#tell('body:unscreened');
  }

  #look(fields: Iterable<Field>): void {
    if (this.#done.has('sql_injection') && this.#done.has('xss')) return;
    for (const { where, text } of fields) {
      for (const form of this.#forms(text)) this.#judge(where, form);
    }
  }

  #forms(text: string): readonly string[] {
    if (this.#charactersLeft < text.length) return [text];
    const forms = textForms(text);
    for (let index = 1; index < forms.length; index += 1) this.#charactersLeft -= forms[index]?.length ?? 0;
    return forms;
  }

  #judge(where: string, text: string): void {
    for (const { check, detects, looksLike } of TEXT_CHECKS) {
      if (this.#done.has(check) || !detects(text)) continue;
      const place = where.slice(0, WHERE_MAX);
      const message = `${place} looks like ${looksLike}, and is refused`;
      this.#find(check, place, () => new GatewayError('input_refused', message, { param: place, detail: { check, where: place } }));
    }
  }

  #find(check: Check, where: string, error: () => GatewayError): void {
    const mode = this.rule.modes[check];
    if (mode === 'off' || this.#done.has(check)) return;
    this.#done.add(check);
    const action = mode === 'block' ? 'blocked' : 'reported';
    this.#deps.onFinding(check, action);
    this.#tell(`${check}:${action}@${where.slice(0, WHERE_MAX)}`);
    if (mode === 'block') throw error();
  }

  /** For the log, where it is read when the exchange has ended. */
  #tell(what: string): void {
    this.#told.push(what);
    if (this.#told.length === 1) this.#exchange.onEnd(() => this.#exchange.set(screeningFact, this.#told.join(' ')));
  }
}

/** A header; of an address, also its query. */
function* headerFields(name: string, value: string): Generator<Field> {
  const where = `header ${name}`;
  yield { where, text: value };
  const query = value.indexOf('?');
  if (query !== -1 && /^https?:/i.test(value)) for (const { text } of formFields(value.slice(query + 1), where)) yield { where, text };
}
