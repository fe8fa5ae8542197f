import { GatewayError } from '../../base/errors.ts';
import { createGlob } from '../../base/glob.ts';
import { principalFact } from '../../pipeline/facts.ts';
import type { Policy } from '../../pipeline/policy.ts';

type ModelMatch = (model: string) => boolean;

/** Refuses models that the caller's key or token does not name. It says no more than that: which others there are is not the caller's business. */
export function createModelAccess(): Policy {
  // By the list itself, which lives as long as its key's configuration or its token is remembered.
  const matches = new WeakMap<readonly string[], ModelMatch>();
  const matchOf = (models: readonly string[]): ModelMatch => {
    let match = matches.get(models);
    if (match === undefined) {
      const globs = models.map(createGlob);
      match = (model) => globs.some((glob) => glob(model));
      matches.set(models, match);
    }
    return match;
  };

  return {
    name: 'model-access',
    stage: 'allow',
    reads: [principalFact],
    layer: (route) => {
      if (route.kind !== 'model') return undefined;
      return (next) => (request, exchange) => {
        const { models } = exchange.get(principalFact);
        const model = request.operation?.model;
        if (models !== undefined && model !== undefined && !matchOf(models)(model))
          return Promise.reject(new GatewayError('model_forbidden', 'this key may not use the model', { param: 'model' }));
        return next(request, exchange);
      };
    },
  };
}
