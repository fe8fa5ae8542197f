/*
 * What a chat asks for: in its body, in a header, by its key or by the configuration, in this order. Looking costs next to nothing where nobody asks: a search
 * for one word in the body, and nothing is read, or thrown away, before it is found.
 */

import type { z } from 'zod';
import { GatewayError } from '../../base/errors.ts';
import { memberJson } from '../../base/json-scan.ts';
import { editMembers } from '../../base/json-splice.ts';
import { scanBody } from '../../dialects/dialect-body.ts';
import { CONTEXT_HEADER, readContextHeader } from '../../operations/context-header.ts';
import { type ContextWish, contextWishSchema, mergeWishes } from '../../operations/context-wish.ts';
import type { Operation } from '../../operations/operation.ts';
import type { Principal } from '../../pipeline/facts.ts';

export interface Wished {
  readonly wish: ContextWish;
  /** The request itself asks for memory by header or block: then it must say whose. */
  readonly asksMemory: boolean;
  /** The body without what was for the gateway; undefined where it is as it came. */
  readonly bytes: Uint8Array | undefined;
}

export interface WishSources {
  readonly operation: Operation;
  readonly headers: Headers;
  readonly principal: Principal;
  /** Of the configuration. */
  readonly usual: ContextWish | undefined;
}

/** The member of a body that is for the gateway. */
const BLOCK = 'gatehouse';
const BLOCK_IN_BYTES = Buffer.from(`"${BLOCK}"`);

/** Undefined where nobody asks for anything. Throws `request_invalid` for a wish that makes no sense. */
export function wishOf({ operation, headers, principal, usual }: WishSources): Wished | undefined {
  const header = headers.get(CONTEXT_HEADER);
  const block = mayHoldBlock(operation.bytes) ? takeBlock(operation.bytes) : undefined;
  const own = operation.wish;
  if (header === null && block === undefined && own === undefined && principal.context === undefined && usual === undefined)
    return undefined;
  const said = mergeWishes(block?.wish, header === null ? undefined : readContextHeader(header));
  return {
    wish: mergeWishes(own?.said, said, own?.usual, principal.context, usual),
    asksMemory: said.memory?.read === true || said.memory?.write === true,
    bytes: block?.bytes,
  };
}

/** Whether the body's JSON may have a member for the gateway. */
function mayHoldBlock(bytes: Uint8Array): boolean {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).includes(BLOCK_IN_BYTES);
}

function takeBlock(bytes: Uint8Array): { readonly wish: ContextWish; readonly bytes: Uint8Array } | undefined {
  const scan = scanBody(bytes);
  if (scan.get(BLOCK) === undefined) return undefined;
  const read = contextWishSchema.safeParse(memberJson(scan, BLOCK));
  if (read.success) return { wish: read.data, bytes: editMembers(scan, { [BLOCK]: undefined }) };
  throw blockInvalid(read.error.issues);
}

type Issue = z.core.$ZodIssue;

function blockInvalid([first]: readonly Issue[]): GatewayError {
  const path: PropertyKey[] = [BLOCK];
  let issue = first;
  // Of the ways in which a value may be written, the one is told that was meant: in which most of it was understood.
  while (issue !== undefined) {
    path.push(...issue.path);
    if (issue.code !== 'invalid_union') break;
    const inner: Issue | undefined = issue.errors.flat().find((other) => other.path.length > 0 || other.code === 'unrecognized_keys');
    if (inner === undefined) break;
    issue = inner;
  }
  const param = path.map(String).join('.');
  if (issue?.code === 'unrecognized_keys')
    return new GatewayError('request_invalid', `'${param}' has no member '${(issue.keys[0] ?? '').slice(0, 60)}'`, { param });
  return new GatewayError('request_invalid', `'${param}' ${issue?.message ?? 'makes no sense'}`, { param });
}

/** Names of users and conversations in headers of well-known clients (Claude Code, Open WebUI), for requests that say neither. */
const SESSION_HEADERS = ['x-claude-code-session-id', 'x-openwebui-chat-id'] as const;
const USER_HEADERS = ['x-openwebui-user-id'] as const;
// oxlint-disable-next-line no-control-regex
const NAME = /^[^\u0000-\u001f\u007f]{1,256}$/;

/**
 * Whose memory it is: the user that the key is bound to, else whom the request names. Throws `resource_unknown` where it names another than the key is bound
 * to: whoever speaks for one user does not learn that there are others.
 */
export function userOf({ user: named }: ContextWish, { operation, headers, principal }: Omit<WishSources, 'usual'>): string | undefined {
  const { user: bound } = principal;
  if (bound !== undefined && named !== undefined && bound !== named)
    throw new GatewayError('resource_unknown', 'there is no such user', { param: 'user_id' });
  return bound ?? named ?? headerOf(headers, USER_HEADERS) ?? (NAME.test(operation.user ?? '') ? operation.user : undefined);
}

/** The conversation as the caller names it. */
export function sessionOf({ session }: ContextWish, headers: Headers): string | undefined {
  return session ?? headerOf(headers, SESSION_HEADERS);
}

function headerOf(headers: Headers, names: readonly string[]): string | undefined {
  for (const name of names) {
    const value = headers.get(name);
    if (value !== null && NAME.test(value)) return value;
  }
  return undefined;
}
