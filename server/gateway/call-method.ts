/** From the name of a method and what came as its parameters to its result. */
import type { z } from 'zod';
import { RuntimeError } from '../../machines/domain/error.ts';
import { isMethodName, METHODS, type MethodName, type ParamsOf, type ResultOf } from './protocol.ts';
import type { Principal } from './scope.ts';

/** One handler for each method, in the context of a socket. */
export type Handlers<Context> = {
  readonly [M in MethodName]: (context: Context, params: ParamsOf<M>) => ResultOf<M> | Promise<ResultOf<M>>;
};

const MOST_ISSUES_COUNT = 10;

/**
 * @throws {RuntimeError} NOT_FOUND for an unknown method, INVALID_PARAMS, FORBIDDEN without the scope, and what the
 * handler throws
 */
export function callMethod<Context extends { readonly principal: Principal }>(
  handlers: Handlers<Context>,
  context: Context,
  request: { readonly method: string; readonly params: unknown },
): unknown {
  const { method, params } = request;
  if (!isMethodName(method))
    throw new RuntimeError('NOT_FOUND', `no method ${method}`, { details: { method } });
  return call({ handlers, context, method }, params ?? {});
}

interface Call<Context, M extends MethodName> {
  readonly handlers: Handlers<Context>;
  readonly context: Context;
  readonly method: M;
}

function call<Context extends { readonly principal: Principal }, M extends MethodName>(
  { handlers, context, method }: Call<Context, M>,
  given: unknown,
): ResultOf<M> | Promise<ResultOf<M>> {
  const spec = METHODS[method];
  const { scopes } = context.principal;
  // who may not call it at all is not told how
  if (typeof spec.scope === 'string' && !scopes.has(spec.scope)) throw forbidden(method, spec.scope);
  const parsed = spec.params.safeParse(given);
  if (!parsed.success) throw invalid(method, parsed.error);
  if (typeof spec.scope === 'function') {
    const scope = spec.scope(parsed.data);
    if (!scopes.has(scope)) throw forbidden(method, scope);
  }
  return handlers[method](context, parsed.data);
}

const forbidden = (method: string, scope: string): RuntimeError =>
  new RuntimeError('FORBIDDEN', `${method} needs the scope ${scope}`, { details: { method, scope } });

function invalid(method: string, error: z.ZodError): RuntimeError {
  const issues = error.issues.slice(0, MOST_ISSUES_COUNT).map(({ path, message }) => ({
    path: path.map(String).join('.'),
    message: message.slice(0, 200),
  }));
  return new RuntimeError('INVALID_PARAMS', `parameters of ${method} do not fit`, { details: { issues } });
}
