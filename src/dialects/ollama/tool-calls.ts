/* Tool calls as Ollama has them: arguments are objects, and ids came late, so that many clients and servers give none. */

import type { ToolCallPart } from '../../operations/chat.ts';
import { isRecord } from '../dialect-errors.ts';

/** A model may write arguments that are no object. Then the tool gets to see what it wrote, and can say so. */
const UNREADABLE = 'value';

export function writeCall(call: Pick<ToolCallPart, 'id' | 'name' | 'arguments'>, index: number): Record<string, unknown> {
  return { id: call.id, function: { index, name: call.name, arguments: objectOf(call.arguments) } };
}

function objectOf(text: string): Record<string, unknown> {
  if (text.trim() === '') return {};
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : { [UNREADABLE]: value };
  } catch {
    return { [UNREADABLE]: text };
  }
}

/** The parts of a call that is one; some servers give its arguments as text. */
export function readCall(
  call: unknown,
): { readonly id: string | undefined; readonly name: string; readonly arguments: string } | undefined {
  const named = isRecord(call) ? call['function'] : undefined;
  if (!isRecord(call) || !isRecord(named) || typeof named['name'] !== 'string' || named['name'] === '') return undefined;
  const { name, arguments: given } = named;
  const id = typeof call['id'] === 'string' && call['id'] !== '' ? call['id'] : undefined;
  return { id, name, arguments: typeof given === 'string' ? given : JSON.stringify(isRecord(given) ? given : {}) };
}
