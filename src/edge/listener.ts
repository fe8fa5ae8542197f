/*
 * The listener: bytes to requests, replies to bytes. Everything a caller can do wrong before there is a route is answered here.
 *
 *   head (head.ts) ─▶ caller (address.ts) ─▶ route (route-table.ts) ─▶ Exchange ─▶ handler ─▶ reply (reply-writer.ts, reply-stream.ts)
 *
 *   serving ──drain──▶ draining ──all done, or out of patience──▶ stopped
 *
 * Invariants: the handler given to Bun never throws; each exchange is ended exactly once; a request has either an exchange or one
 * call of `onRefused`; from the head on no timeout of Bun's runs, until the reply is out and the connection waits for its next.
 */

import { GatewayError } from '../base/errors.ts';
import { Exchange } from '../pipeline/exchange.ts';
import { isStream, type Reply } from '../pipeline/reply.ts';
import { type Caller, type CallerResolver, createCallerResolver } from './address.ts';
import { createCors, isPreflight } from './cors.ts';
import { type DrainConfig, drainServer } from './drain.ts';
import { checkHead, correlationId, parseTarget, type Target } from './head.ts';
import { Incoming } from './incoming.ts';
import type { Listener, ListenerDeps, ListenerState } from './listener-port.ts';
import { ReplyStream } from './reply-stream.ts';
import { bodyBytes, isBodyless, refusalReply, type ReplyContext, ReplyWriter, type WireBody } from './reply-writer.ts';
import { incomingBody, type IncomingBody } from './request-body.ts';
import { createRouteTable, type Route, type RouteEntry, type RouteTable } from './route-table.ts';
import { createSecurityHeaders } from './security-headers.ts';
import type { ServerConfig } from './server-config.ts';
