import { memberJson } from '../../base/json-scan.ts';
import type { Operation } from '../../operations/operation.ts';
import { scanBody } from '../dialect-body.ts';
import { writeWords } from './reply-codec.ts';

/**
 * The answer to a request that loads a model, or unloads it (`keep_alive: 0`), where the model is somebody else's and always there: clients ask before they
 * chat. `operation` is a `command`.
 */
export function encodeLoaded(operation: Operation, nowMs: number): string {
  const kept = memberJson(scanBody(operation.bytes), 'keep_alive');
  return JSON.stringify({
    model: operation.model,
    created_at: new Date(nowMs).toISOString(),
    ...writeWords(operation.form, { content: '' }),
    done: true,
    done_reason: kept === 0 || kept === '0' || kept === '0s' ? 'unload' : 'load',
  });
}
