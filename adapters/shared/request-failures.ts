/** What became of a request of ours that got no result. */
import { failure, type ErrorCode, type Failure } from '../../machines/domain/error.ts';
import { JsonRpcError } from './json-rpc-error.ts';

/** What the provider said when it refused a request, or how the request got lost. */
export function failureOfRequest(code: ErrorCode, error: unknown): Failure {
  if (!(error instanceof JsonRpcError)) {
    const message = error instanceof Error ? error.message : String(error);
    return failure(code, `the answer of the provider could not be read: ${message}`, { class: 'internal' });
  }
  const { remote } = error;
  return failure(code, error.message, {
    class: remote === null ? 'transport' : 'provider',
    ...(remote === null || remote.code === 0 ? {} : { providerCode: String(remote.code) }),
  });
}

/** The process has ended, so nobody knows what became of the request; its end is told in its own way. */
export const isClosed = (error: unknown): boolean => error instanceof JsonRpcError && error.kind === 'closed';

/** The provider has answered, and said no. */
export const isRefusal = (error: unknown): boolean =>
  error instanceof JsonRpcError && error.kind === 'remote';

export const isTimeout = (error: unknown): boolean =>
  error instanceof JsonRpcError && error.kind === 'timeout';
