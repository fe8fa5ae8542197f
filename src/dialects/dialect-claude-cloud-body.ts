/*
 * Anthropic's messages as clouds take them: the model and whether a stream is wanted stand in the path, the version and the betas in the body. Put into
 * Anthropic's own form, so that every target of that dialect, and every crossing from it, will do.
 *
 * Source: platform.claude.com/docs/en/build-with-claude/claude-on-amazon-bedrock and claude-on-vertex-ai.
 */

import { memberJson, memberString } from '../base/json-scan.ts';
import { editMembers } from '../base/json-splice.ts';
import type { Operation, OperationKind } from '../operations/operation.ts';
import type { DecodeHints, Dialect } from './dialect.ts';
import { scanBody } from './dialect-body.ts';
import { invalid } from './dialect-request.ts';

export interface CloudQuestion {
  readonly kind: OperationKind;
  readonly bytes: Uint8Array;
  readonly hints: DecodeHints;
  /** As the path says; undefined where the body does. */
  readonly model: string | undefined;
  /** As the path says; undefined where the body does. */
  readonly stream: boolean | undefined;
}

/** `asked` speaks Anthropic's messages. Throws `json_invalid` or `request_invalid`. */
export function decodeCloudBody(asked: Dialect, { kind, bytes, hints, model, stream }: CloudQuestion): Operation {
  const scan = scanBody(bytes);
  if (memberString(scan, 'anthropic_version') === undefined)
    throw invalid(
      'anthropic_version',
      "'anthropic_version' is required: of bodies for single models, Anthropic's messages alone are read here",
    );
  const betas = betasOf(memberJson(scan, 'anthropic_beta'));
  const own = editMembers(scan, {
    anthropic_version: undefined,
    anthropic_beta: undefined,
    ...(model === undefined ? {} : { model: JSON.stringify(model) }),
    ...(stream === undefined ? {} : { stream: stream ? 'true' : undefined }),
  });
  const operation = asked.decode(kind, own, hints);
  return betas === '' ? operation : { ...operation, headers: { 'anthropic-beta': betas } };
}

const BETA = /^[\w.-]{1,100}$/;
const BETAS_MAX = 50;

/** In Anthropic's own form they are a header. */
function betasOf(given: unknown): string {
  const betas: readonly unknown[] = Array.isArray(given) ? given : [];
  const names = betas.filter((beta): beta is string => typeof beta === 'string' && BETA.test(beta));
  if (names.length < betas.length || names.length > BETAS_MAX)
    throw invalid('anthropic_beta', `'anthropic_beta' must be an array of at most ${BETAS_MAX} names of betas`);
  return names.join(',');
}
