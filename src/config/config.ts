/*
 * The whole configuration: one section per part of the gateway, each described where it is used. This file only puts them together.
 */

import { z } from 'zod';
import { adminConfig } from '../admin/admin-config.ts';
import { docsConfig } from '../admin/docs-config.ts';
import { catalogConfig } from '../catalog/catalog-config.ts';
import { contextConfig } from '../context/context-config.ts';
import { uploadsConfig } from '../context/documents/uploads-config.ts';
import { mediaConfig } from '../context/spool/media-config.ts';
import { responsesConfig } from '../dialects/openai-responses/responses-config.ts';
import { serverConfig } from '../edge/server-config.ts';
import { admissionConfig } from '../policies/admit/admit.ts';
import { cacheConfig } from '../policies/cache/cache-config.ts';
import { authConfig } from '../policies/identify/identify-config.ts';
import { limitsConfig } from '../policies/rate-limit/rate-limit-config.ts';
import { screeningConfig } from '../policies/screen/screen-config.ts';
import { chatConfig } from '../routing/chat-config.ts';
import { filesConfig } from '../routing/files-config.ts';
import { modelsConfig } from '../routing/models-config.ts';
import { providersConfig } from '../routing/providers-config.ts';
import { stateConfig } from '../stores/state-config.ts';
import { telemetryConfig } from '../telemetry/telemetry-config.ts';
import { realtimeConfig } from '../upstream/realtime-config.ts';
import { servicesConfig } from '../upstream/services-config.ts';
import { translationConfig } from '../upstream/translation-config.ts';
import { upstreamConfig } from '../upstream/upstream-config.ts';
import { presetConfig } from './preset-config.ts';

export const configSchema = z.strictObject({
  preset: presetConfig,
  server: serverConfig.prefault({}).describe('The listener.'),
  state: stateConfig.prefault({}).describe('Where counters, cached replies and records are kept.'),
  auth: authConfig.prefault({}).describe('Who may call.'),
  limits: limitsConfig.prefault({}).describe('How often they may call.'),
  screening: screeningConfig.prefault({}).describe('What requests are looked through for.'),
  admission: admissionConfig.prefault({}).describe('How much is done at once.'),
  cache: cacheConfig.prefault({}).describe('Which replies are used again.'),
  upstream: upstreamConfig.prefault({}).describe('How providers and services are treated; each may say otherwise.'),
  providers: providersConfig,
  models: modelsConfig,
  translation: translationConfig.prefault({}).describe('What is done where a caller and a model do not speak the same dialect.'),
  catalog: catalogConfig.prefault({}).describe('What is known of models: windows, prices, capabilities.'),
  responses: responsesConfig.prefault({}).describe('Responses that callers go on from: `POST /v1/responses` with `previous_response_id`.'),
  chat: chatConfig.prefault({}).describe('The chats of the older gateways: `POST /v1/chat` and `POST /api/chat`.'),
  services: servicesConfig,
  context: contextConfig.prefault({}).describe('What chats are told beside their own words: memories of the user, and documents.'),
  uploads: uploadsConfig.prefault({}).describe('Files that callers hand in.'),
  media: mediaConfig.prefault({}).describe('Forms with files in them, on their way to a model.'),
  files: filesConfig.prefault({}).describe('Files and batches that are kept at a provider: `/v1/files`, `/v1/uploads`, `/v1/batches`.'),
  realtime: realtimeConfig.prefault({}).describe('Talks over WebSocket: `GET /v1/realtime`.'),
  telemetry: telemetryConfig.prefault({}).describe('What is logged, measured and traced.'),
  admin: adminConfig.prefault({}).describe('The admin API.'),
  docs: docsConfig.prefault({}).describe('The API documentation.'),
});

export type Config = z.output<typeof configSchema>;
