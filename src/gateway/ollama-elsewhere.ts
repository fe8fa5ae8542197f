/* Models that no Ollama serves, for callers that speak its dialect: which can be called, what is known of them, and what is said when one is to be loaded. */

import type { Clock } from '../base/clock.ts';
import { GatewayError } from '../base/errors.ts';
import { encodeLoaded } from '../dialects/ollama/loaded.ts';
import { DIALECTS_BY_NAME } from '../dialects/registry.ts';
import { survives } from '../operations/chat-features.ts';
import type { OperationKind } from '../operations/operation.ts';
import type { Handler } from '../pipeline/policy.ts';
import type { Router } from '../routing/router.ts';
import type { Target } from '../routing/target.ts';
import type { DescribeModel } from './model-description.ts';

/** The targets that would answer a model's chats, or else its embeddings. Throws `model_unknown` or `model_dialect_unsupported` where none would do either. */
export function targetsElsewhere(
  router: Router,
  model: string,
  dialect: string,
): { readonly kind: OperationKind; readonly targets: readonly Target[] } {
  try {
    return { kind: 'chat', targets: router.plan({ model, kind: 'chat', dialect }, FIRST).targets };
  } catch (cause) {
    if (!(cause instanceof GatewayError)) throw cause;
    try {
      return { kind: 'embed', targets: router.plan({ model, kind: 'embed', dialect }, FIRST).targets };
    } catch {
      throw cause;
    }
  }
}

/** No draw among equals: nobody is asked. */
const FIRST = (): number => 0;

export function isReachable(router: Router, model: string, dialect: string): boolean {
  try {
    return targetsElsewhere(router, model, dialect).targets.length > 0;
  } catch (cause) {
    if (cause instanceof GatewayError) return false;
    throw cause;
  }
}

export interface ShownModel {
  readonly model: string;
  readonly dialect: string;
  readonly startedAt: string;
  readonly nowMs: number;
}

/** What `show` says of a model that no server of the dialect knows: what the catalogue has of it, and what its dialect can be told. */
export function showElsewhere(
  { model, dialect, startedAt, nowMs }: ShownModel,
  router: Router,
  describe: DescribeModel,
): Readonly<Record<string, unknown>> {
  const { kind, targets } = targetsElsewhere(router, model, dialect);
  const { capabilities = {}, context_window: context, embedding_dimensions: dimensions } = describe(model, nowMs);
  const can = (feature: 'tools' | 'images' | 'reasoning-switch', known: boolean | undefined): boolean =>
    known ?? targets.some((target) => speaks(dialect, target, feature));
  const chat = [
    'completion',
    ...(can('tools', capabilities.tools) ? ['tools'] : []),
    ...(can('images', capabilities.vision) ? ['vision'] : []),
    ...(can('reasoning-switch', capabilities.reasoning) ? ['thinking'] : []),
  ];
  return {
    modelfile: '',
    parameters: '',
    template: '',
    details: NO_DETAILS,
    model_info: {
      'general.architecture': ARCHITECTURE,
      ...(context === undefined ? {} : { [`${ARCHITECTURE}.context_length`]: context }),
      ...(dimensions === undefined ? {} : { [`${ARCHITECTURE}.embedding_length`]: dimensions }),
    },
    capabilities: kind === 'embed' ? ['embedding'] : chat,
    modified_at: startedAt,
  };
}

/** Clients look for a window by the name of the architecture, which is nobody's business but the vendor's. */
const ARCHITECTURE = 'gatehouse';

/** Of a server that is not Ollama nothing of this is known. */
export const NO_DETAILS = { parent_model: '', format: '', family: '', families: null, parameter_size: '', quantization_level: '' } as const;

function speaks(from: string, target: Target, feature: 'tools' | 'images' | 'reasoning-switch'): boolean {
  const own = DIALECTS_BY_NAME.get(from)?.codecs.chat?.abilities;
  const theirs = DIALECTS_BY_NAME.get(target.dialect)?.codecs.chat?.abilities;
  const isLacking = target.quirks?.lacks.includes(feature) === true;
  return own !== undefined && theirs !== undefined && !isLacking && survives(own, theirs, feature) !== 'no';
}

/** A command to load a model is for a server that loads models. Anywhere else it is there already, and clients that ask before they chat are told so. */
export function withLoading(call: Handler, { router, clock }: { readonly router: Router; readonly clock: Clock }): Handler {
  return (request, exchange) => {
    const { operation } = request;
    if (operation?.command !== true || router.targets(operation.model, operation.dialect).length > 0) return call(request, exchange);
    if (!isReachable(router, operation.model, operation.dialect)) return call(request, exchange);
    const body = encodeLoaded(operation, clock.now());
    return Promise.resolve({ status: 200, headers: { 'content-type': 'application/json; charset=utf-8' }, body });
  };
}
