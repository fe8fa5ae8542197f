/**
 * `GET /v1/realtime`: OpenAI's realtime API over a WebSocket, with the events of its general availability. Faults are those of the model
 * in the query. Before the upgrade: `delay-ms`, `silence`, `reset`, `status=503` (the upgrade is refused). After it: `empty` (closed without
 * a word), and within an answer `cut-after`, `end-after` (a clean close), `stall-after`, `malformed-after`, `error-after`, `huge-event`,
 * `no-usage`, `no-done`.
 */
import { failureReply, insteadOfAnswer } from '../failures.ts';
import type { JsonObject } from '../json-instance.ts';
import { modelUnknown, notFound, refuse } from '../openai-request.ts';
import { CREATED } from '../openai-shapes.ts';
import { jsonReply } from '../service-reply.ts';
import { hashDigits } from '../text.ts';
import { askedModel, faultsOf, isServed, type Visit } from '../visit.ts';
import { ClientError } from './client-error.ts';
import { RealtimeSession } from './session.ts';
import { defaultConfig, updatedConfig } from './session-config.ts';

const MODEL_DEFAULT = 'gpt-realtime';
const SECRET_SECONDS = 600;

/** Throws RequestRefused; rejects when the client leaves. */
export async function realtime(visit: Visit): Promise<Response> {
  const query = new URLSearchParams(visit.query);
  const type = query.get('intent') === 'transcription' ? 'transcription' : 'realtime';
  const callId = query.get('call_id');
  if (callId !== null) throw notFound(`No session found for call_id '${callId}'.`, 'call_id');
  const model = query.get('model') ?? '';
  if (model === '' && type === 'realtime') return refuse('You must provide a model parameter.', 'model', 'missing_model');
  const { name, faults } = askedModel(visit, model);
  if (name !== '' && !isServed(visit.world.options, name)) throw modelUnknown(name);
  const failed = await insteadOfAnswer(faults, visit);
  if (failed !== undefined) return failed;

  const { id } = visit.world.stored.next('sess_');
  const session = new RealtimeSession({ id, type, model: name, faults }, visit);
  if (!visit.upgrade(session, agreedHeaders(visit))) {
    return failureReply({ status: 426, message: 'This endpoint takes WebSocket connections.', code: 'upgrade_required' }, visit);
  }
  visit.record.answer(101);
  // Goes nowhere: the connection is a socket now.
  return new Response(null);
}

/** `POST /v1/realtime/client_secrets`: a key for a browser, which opens nothing that was not open. Throws RequestRefused. */
export async function clientSecrets(body: JsonObject, visit: Visit): Promise<Response> {
  const faults = faultsOf(visit);
  const failed = await insteadOfAnswer(faults, visit);
  if (failed !== undefined) return failed;
  const { session: asked = { type: 'realtime' } } = body;
  const { id } = visit.world.stored.next('sess_');
  const { type, model = MODEL_DEFAULT } = (asked ?? {}) as JsonObject;
  try {
    const config = updatedConfig(defaultConfig(type === 'transcription' ? type : 'realtime', id, String(model)), asked);
    return await jsonReply(visit, faults, {
      value: { value: `ek_${hashDigits(id, 0, 32)}`, expires_at: CREATED + SECRET_SECONDS, session: config },
    });
  } catch (error) {
    if (error instanceof ClientError) return refuse(error.message, error.param, error.code);
    throw error;
  }
}

/** Browsers send their key as a subprotocol, and want one of those that they offered. */
function agreedHeaders({ request }: Visit): Readonly<Record<string, string>> {
  const offered = (request.headers.get('sec-websocket-protocol') ?? '').split(',').map((name) => name.trim());
  return offered.includes('realtime') ? { 'sec-websocket-protocol': 'realtime' } : {};
}
