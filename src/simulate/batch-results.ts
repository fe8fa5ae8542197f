/** What became of the lines of a batch: one file of answers, one of errors, and the sums that the batch tells. */
import type { BatchLine } from './batch-file.ts';
import type { LineReply } from './batch-lines.ts';
import { isObject } from './json-instance.ts';
import type { BatchRow, BatchUsage } from './openai-shapes.ts';
import { FILE_BYTES_MAX, type Stored } from './stored.ts';
import { hashDigits } from './text.ts';

interface Results {
  /** Tells of one reply. */
  readonly take: (reply: LineReply, index: number) => void;
  /** Writes the files, and ends the batch. */
  readonly finish: (stored: Stored) => void;
}

export function writeResults(row: BatchRow, lines: readonly BatchLine[]): Results {
  const answers: string[] = [];
  const errors: string[] = [];
  const usage: BatchUsage = {
    input_tokens: 0,
    input_tokens_details: { cached_tokens: 0 },
    output_tokens: 0,
    output_tokens_details: { reasoning_tokens: 0 },
    total_tokens: 0,
  };
  let chars = 0;
  return {
    take(reply, index) {
      const id = `batch_req_${hashDigits(`${row.id}\n${index}`, 0)}`;
      const custom_id = lines[index]?.customId;
      const { response, error } = resultOf(reply, id);
      const isAnswer = response?.status_code === 200;
      const text = JSON.stringify({ id, custom_id, response, error });
      row.request_counts[isAnswer ? 'completed' : 'failed'] += 1;
      if (isAnswer) addUsage(usage, response.body);
      chars += text.length;
      // In the order of the lines, though they are answered in another.
      if (chars <= FILE_BYTES_MAX / 2) (isAnswer ? answers : errors)[index] = text;
    },
    finish(stored) {
      const end = row.created_at + 3;
      row.finalizing_at = row.created_at + 2;
      row.output_file_id = write(stored, answers, `${row.id}_output.jsonl`);
      row.error_file_id = write(stored, errors, `${row.id}_error.jsonl`);
      if (usage.total_tokens > 0) row.usage = usage;
      if (row.status === 'cancelling') {
        row.status = 'cancelled';
        row.cancelled_at = end;
      } else if (chars > FILE_BYTES_MAX / 2) {
        const message = `The answers have more than ${FILE_BYTES_MAX / 2} characters.`;
        row.errors = { object: 'list', data: [{ code: 'output_too_large', line: null, message, param: null }] };
        row.status = 'failed';
        row.failed_at = end;
      } else {
        row.status = 'completed';
        row.completed_at = end;
      }
    },
  };
}

function write(stored: Stored, lines: readonly string[], filename: string): string | null {
  // Without the places of the lines that went into the other file.
  const text = lines.flatMap((line) => `${line}\n`).join('');
  return text === '' ? null : stored.addFile(new TextEncoder().encode(text), { filename, purpose: 'batch_output' }).id;
}

function resultOf({ status, text }: LineReply, id: string) {
  const body = status === undefined ? undefined : jsonOf(text);
  // A connection that broke, or an answer that is none.
  if (status === undefined || body === undefined) {
    return { response: null, error: { code: 'server_error', message: 'The request failed, and had no answer.' } };
  }
  return { response: { status_code: status, request_id: id.replace('batch_req_', 'req_'), body }, error: null };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** Chat, completions and embeddings tell prompt and completion; the rest input and output. */
function addUsage(sum: BatchUsage, body: unknown): void {
  const usage = isObject(body) ? body['usage'] : undefined;
  if (!isObject(usage)) return;
  const count = (...names: string[]) => names.map((name) => usage[name]).find((value) => typeof value === 'number') ?? 0;
  sum.input_tokens += count('input_tokens', 'prompt_tokens');
  sum.output_tokens += count('output_tokens', 'completion_tokens');
  sum.total_tokens = sum.input_tokens + sum.output_tokens;
}
