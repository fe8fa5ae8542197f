import { isObject, type JsonObject } from './json-instance.ts';
import { RequestRefused } from './openai-request.ts';
import type { Visit } from './visit.ts';

/** Throws RequestRefused. */
export async function readJson(visit: Visit): Promise<JsonObject> {
  const text = await visit.request.text();
  visit.record.readBody(text);
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch (error) {
    throw new RequestRefused({ status: 400, message: `We could not parse the JSON body of your request: ${String(error)}` });
  }
  if (!isObject(body)) throw new RequestRefused({ status: 400, message: 'The JSON body of your request must be an object.' });
  return body;
}
