/* Talks over WebSocket, as the OpenAI API has them; and what goes with them there, and does not here. */

import { GatewayError } from '../base/errors.ts';
import type { Route } from '../edge/route-table.ts';
import type { Handler } from '../pipeline/policy.ts';

/** Those that give out keys of the vendor's account, for browsers. */
const SECRET_PATHS = ['/v1/realtime/client_secrets', '/v1/realtime/sessions', '/v1/realtime/transcription_sessions'] as const;

export function createRealtimeRoutes(call: Handler): Route[] {
  const shared = { access: 'key', dialect: 'openai-chat', docs: async () => (await import('./realtime-docs.ts')).REALTIME_DOCS } as const;
  return [
    { ...shared, pattern: '/v1/realtime', methods: ['GET'], websocket: true, kind: 'model', operation: 'realtime', handler: call },
    ...SECRET_PATHS.map((pattern): Route => ({ ...shared, pattern, methods: ['POST'], kind: 'resource', handler: refuseSecrets })),
  ];
}

/** Such a key speaks to the vendor itself: past this gateway's limits, its metering, and the models that its own key may use. */
const refuseSecrets: Handler = () =>
  Promise.reject(
    new GatewayError(
      'feature_disabled',
      'ephemeral keys are not given out here: offer a key of this gateway as the subprotocol `openai-insecure-api-key.…`, or open the WebSocket from a server',
    ),
  );
