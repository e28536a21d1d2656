import { expect, it } from 'vitest';
import {
  failureOfRequest,
  failureOfTurn,
  isRefusal,
  isUnknown,
} from '../../../../adapters/opencode/failures.ts';
import { JsonRpcError } from '../../../../adapters/shared/json-rpc-error.ts';

it.each([
  ['APIError', { statusCode: 401 }, 'PROVIDER_UNAUTHORIZED', false],
  ['APIError', { statusCode: 429 }, 'PROVIDER_RATE_LIMITED', true],
  [
    'APIError',
    { statusCode: 429, responseBody: '{"code":"insufficient_quota"}' },
    'PROVIDER_QUOTA_EXCEEDED',
    false,
  ],
  ['APIError', { statusCode: 404 }, 'PROVIDER_MODEL_NOT_FOUND', false],
  ['APIError', { statusCode: 500 }, 'PROVIDER_ERROR', true],
  ['APIError', { message: 'Cannot connect to API: gone' }, 'PROVIDER_UNREACHABLE', true],
  ['ProviderAuthError', { message: 'no key' }, 'PROVIDER_UNAUTHORIZED', false],
  ['ContextOverflowError', { message: 'too long' }, 'PROVIDER_CONTEXT_EXCEEDED', false],
  ['UnknownError', { message: 'Model not found: a/b.' }, 'PROVIDER_MODEL_NOT_FOUND', false],
  ['SomethingNew', {}, 'PROVIDER_ERROR', false],
] as const)('%s %o is %s', (...[name, data, code, retryable]) => {
  expect(failureOfTurn({ name, data })).toMatchObject({ code, retryable });
});

it('shows the first line of a message, without the stack', () => {
  expect(failureOfTurn({ name: 'UnknownError', data: { message: 'it broke\n    at x' } }).message).toBe(
    'it broke',
  );
});

it('tells a refusal from a request that got lost', () => {
  const refused = new JsonRpcError('remote', 'POST /x', { code: 404, message: 'no' });
  const lost = new JsonRpcError('remote', 'POST /x', { code: 0, message: 'ECONNRESET' });
  expect([isRefusal(refused), isUnknown(refused), isRefusal(lost)]).toEqual([true, true, false]);
  expect(failureOfRequest('OPEN_FAILED', refused)).toMatchObject({ class: 'provider', providerCode: '404' });
  expect(failureOfRequest('OPEN_FAILED', lost)).toMatchObject({ class: 'transport' });
});
