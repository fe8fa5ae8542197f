/**
 * What a promise is rejected with; throws when it is not. In place of `expect(…).rejects`, which Bun 1.4.5 neither declares as
 * a promise nor applies to promises with a `then` of their own, as the vendors' clients return.
 */
export async function rejection(promise: PromiseLike<unknown>): Promise<unknown> {
  let value: unknown;
  try {
    value = await promise;
  } catch (error) {
    return error;
  }
  throw new Error(`expected a rejection, but it was fulfilled with ${Bun.inspect(value)}`);
}
