/** The input file of a batch: a request on each line, as `{"custom_id", "method", "url", "body"}`. */
import { splitModel } from './faults.ts';
import { isObject, type JsonObject } from './json-instance.ts';
import type { BatchProblem } from './openai-shapes.ts';

export interface BatchLine {
  readonly customId: string;
  readonly body: JsonObject;
}

interface BatchFile {
  readonly lines: readonly BatchLine[];
  /** The one model that they ask for. */
  readonly model: string | undefined;
  /** Empty: all is well. */
  readonly problems: readonly BatchProblem[];
}

/** The vendor's limit. */
const LINES_MAX = 50_000;
/** Problems told; the rest of the file is not looked at. */
const PROBLEMS_MAX = 100;

/** Every line, or what is wrong with the file. */
export function readLines(bytes: Uint8Array, endpoint: string): BatchFile {
  const text = textOf(bytes);
  if (text === undefined) return failed({ code: 'invalid_json_line', line: null, message: 'The file is not UTF-8.', param: null });
  const rows = text.split('\n').flatMap((row, index) => (row.trim() === '' ? [] : [{ row, line: index + 1 }]));
  if (rows.length === 0)
    return failed({
      code: 'empty_file',
      line: null,
      message: 'The input file is empty. Please ensure that the batch contains at least one request.',
      param: null,
    });
  if (rows.length > LINES_MAX) {
    return failed({
      code: 'too_many_requests',
      line: null,
      message: `The file has ${rows.length} requests; at most ${LINES_MAX} are allowed.`,
      param: null,
    });
  }
  const reader = new LineReader(endpoint);
  for (const { row, line } of rows) {
    if (reader.problems.length >= PROBLEMS_MAX) break;
    reader.read(row, line);
  }
  return reader;
}

function failed(problem: BatchProblem): BatchFile {
  return { lines: [], model: undefined, problems: [problem] };
}

function textOf(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

class LineReader implements BatchFile {
  readonly lines: BatchLine[] = [];
  readonly problems: BatchProblem[] = [];
  model: string | undefined;
  readonly #endpoint: string;
  readonly #ids = new Set<string>();

  constructor(endpoint: string) {
    this.#endpoint = endpoint;
  }

  read(row: string, line: number): void {
    const problem = (code: string, message: string, param: string | null = null) => {
      this.problems.push({ code, line, message, param });
    };
    let request: unknown;
    try {
      request = JSON.parse(row);
    } catch {
      return problem('invalid_json_line', 'This line is not parseable as valid JSON.');
    }
    if (!isObject(request)) return problem('invalid_json_line', 'This line is not a JSON object.');
    const { custom_id: customId, method, url, body } = request;
    if (typeof customId !== 'string' || customId === '')
      return problem('missing_required_parameter', "Missing required parameter: 'custom_id'.", 'custom_id');
    if (this.#ids.has(customId))
      return problem('duplicate_custom_id', `The custom_id '${customId.slice(0, 64)}' is used on another line.`, 'custom_id');
    if (method !== 'POST') return problem('invalid_method', "The method must be 'POST'.", 'method');
    if (url !== this.#endpoint)
      return problem('invalid_url', 'The URL provided for this request does not match the batch endpoint.', 'url');
    if (!isObject(body)) return problem('missing_required_parameter', "Missing required parameter: 'body'.", 'body');
    const model = typeof body['model'] === 'string' ? splitModel(body['model']).name : undefined;
    if (this.model !== undefined && model !== this.model) {
      return problem(
        'mismatched_model',
        `The provided model '${String(model)}' does not match the expected model for this batch, '${this.model}'.`,
        'body.model',
      );
    }
    this.model = model;
    this.#ids.add(customId);
    // A batch has no one to stream to.
    this.lines.push({ customId, body: { ...body, stream: false, stream_options: undefined } });
  }
}
