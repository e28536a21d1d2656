import { describe, expect, it } from 'vitest';
import { failureOfTurn, isUnknownThread } from '../../../../adapters/codex/failures.ts';
import { JsonRpcError } from '../../../../adapters/shared/json-rpc-error.ts';
import { failureOfRequest, isClosed, isTimeout } from '../../../../adapters/shared/request-failures.ts';

const turn = (codexErrorInfo: string | Record<string, unknown> | null, message = 'message') =>
  failureOfTurn({ message, codexErrorInfo });

describe('failureOfTurn', () => {
  it.each([
    ['contextWindowExceeded', 'PROVIDER_CONTEXT_EXCEEDED', false],
    ['sessionBudgetExceeded', 'PROVIDER_QUOTA_EXCEEDED', false],
    ['usageLimitExceeded', 'PROVIDER_QUOTA_EXCEEDED', false],
    ['rateLimitExceeded', 'PROVIDER_RATE_LIMITED', true],
    ['flexUnavailable', 'PROVIDER_OVERLOADED', true],
    ['serverOverloaded', 'PROVIDER_OVERLOADED', true],
    ['policyCapacityUnavailable', 'PROVIDER_OVERLOADED', true],
    ['modelNotFound', 'PROVIDER_MODEL_NOT_FOUND', false],
    ['inferenceHookDenied', 'PROVIDER_BAD_REQUEST', false],
    ['cyberPolicy', 'PROVIDER_BAD_REQUEST', false],
    ['misalignmentPolicyViolation', 'PROVIDER_BAD_REQUEST', false],
    ['tooManyDenials', 'PROVIDER_BAD_REQUEST', false],
    ['internalServerError', 'PROVIDER_ERROR', true],
    ['unauthorized', 'PROVIDER_UNAUTHORIZED', false],
    ['badRequest', 'PROVIDER_BAD_REQUEST', false],
    ['sandboxError', 'PROVIDER_ERROR', false],
    ['somethingNew', 'PROVIDER_ERROR', false],
    ['toString', 'PROVIDER_ERROR', false],
  ])('knows %s', (name, code, retryable) => {
    expect(turn(name)).toMatchObject({ code, retryable, message: 'message', providerCode: name });
  });

  it.each([
    [{ httpConnectionFailed: { httpStatusCode: 401 } }, 'PROVIDER_UNAUTHORIZED', 'httpConnectionFailed:401'],
    [{ httpConnectionFailed: { httpStatusCode: null } }, 'PROVIDER_UNREACHABLE', 'httpConnectionFailed'],
    [
      { responseTooManyFailedAttempts: { httpStatusCode: 429 } },
      'PROVIDER_RATE_LIMITED',
      'responseTooManyFailedAttempts:429',
    ],
    [
      { responseStreamDisconnected: { httpStatusCode: 502 } },
      'PROVIDER_ERROR',
      'responseStreamDisconnected:502',
    ],
    [
      { responseStreamConnectionFailed: { httpStatusCode: 503 } },
      'PROVIDER_OVERLOADED',
      'responseStreamConnectionFailed:503',
    ],
    [{ activeTurnNotSteerable: { turnKind: 'compact' } }, 'PROVIDER_ERROR', 'activeTurnNotSteerable'],
    [{}, 'PROVIDER_ERROR', undefined],
  ])('reads the HTTP status of %j', (info, code, providerCode) => {
    const failure = turn(info);
    expect([failure.code, failure.providerCode]).toEqual([code, providerCode]);
  });

  it('reads the text where codex says `other`', () => {
    expect(turn('other', 'stream disconnected before completion: x')).toMatchObject({
      code: 'PROVIDER_UNREACHABLE',
      retryable: true,
    });
    expect(turn('other', '{"error":{"type":"invalid_request_error"}}').code).toBe('PROVIDER_BAD_REQUEST');
    expect(turn('other', 'unexpected status 502 Bad Gateway')).toMatchObject({
      code: 'PROVIDER_ERROR',
      retryable: true,
    });
    expect(turn(null, 'who knows')).toMatchObject({ code: 'PROVIDER_ERROR', retryable: false });
  });

  it('has an answer without a reason, and bounds long ones', () => {
    expect(failureOfTurn(null).message).toContain('no reason');
    expect(turn('other', 'x'.repeat(10_000)).message).toHaveLength(4096);
  });
});

describe('failures of requests', () => {
  const remote = (message: string) => new JsonRpcError('remote', 'thread/resume', { code: -32_600, message });

  it('keep what codex said', () => {
    expect(failureOfRequest('START_REFUSED', remote('thread not found: x'))).toEqual({
      code: 'START_REFUSED',
      class: 'provider',
      retryable: true,
      message: 'thread/resume: thread not found: x (-32600)',
      providerCode: '-32600',
    });
  });

  it('tell a timeout, an end and an unreadable answer apart', () => {
    const timeout = new JsonRpcError('timeout', 'turn/start', 'no answer');
    const closed = new JsonRpcError('closed', 'turn/start', 'gone');
    expect([isTimeout(timeout), isTimeout(closed), isClosed(closed), isClosed(remote('x'))]).toEqual([
      true,
      false,
      true,
      false,
    ]);
    expect(failureOfRequest('OPEN_FAILED', timeout).class).toBe('transport');
    expect(failureOfRequest('OPEN_FAILED', new Error('no id')).class).toBe('internal');
  });

  it.each([
    ['no rollout found for thread id x', true],
    ['thread not loaded: x', true],
    ['thread not found: x', true],
    ['thread x is not materialized yet; thread/turns/list is unavailable before first user message', true],
    ['invalid session id: invalid character', true],
    ['Server overloaded; retry later.', false],
  ])('know that %j is about an unknown thread: %j', (message, isUnknown) => {
    expect(isUnknownThread(remote(message))).toBe(isUnknown);
  });
});
