import { describe, expect, it } from 'vitest';
import { failureOfSend, missingFailure } from '../../../../adapters/cursor-sdk/failures.ts';
import { foundIn } from '../../../../adapters/cursor-sdk/look-up.ts';
import { outcomeOf } from '../../../../adapters/cursor-sdk/translate.ts';
import { JsonRpcError } from '../../../../adapters/shared/json-rpc-error.ts';

const ended = (code: string, message = 'it failed') =>
  outcomeOf({ status: 'error', error: { message, code } });

describe('the end of a run', () => {
  it('is completed, interrupted or failed', () => {
    expect(outcomeOf({ status: 'finished' })).toEqual({ outcome: 'completed', failure: null });
    for (const status of ['cancelled', 'expired', 'running']) {
      expect(outcomeOf({ status })).toEqual({ outcome: 'interrupted', failure: null });
    }
    expect(outcomeOf({ status: 'error' })).toMatchObject({ failure: { code: 'PROVIDER_ERROR' } });
  });

  it.each([
    ['unauthenticated', 'PROVIDER_UNAUTHORIZED'],
    ['AUTH_TOKEN_EXPIRED', 'PROVIDER_UNAUTHORIZED'],
    ['BAD_USER_API_KEY', 'PROVIDER_UNAUTHORIZED'],
    ['API_KEY_RATE_LIMIT', 'PROVIDER_RATE_LIMITED'],
    ['PRO_USER_USAGE_LIMIT', 'PROVIDER_QUOTA_EXCEEDED'],
    ['BAD_MODEL_NAME', 'PROVIDER_MODEL_NOT_FOUND'],
    ['BAD_REQUEST', 'PROVIDER_BAD_REQUEST'],
    ['unavailable', 'PROVIDER_UNREACHABLE'],
    ['internal', 'PROVIDER_ERROR'],
    ['something new', 'PROVIDER_ERROR'],
  ])('calls %s %s', (code, ours) => {
    expect(ended(code)).toMatchObject({ outcome: 'failed', failure: { code: ours, providerCode: code } });
  });

  it('is told by its words where the SDK has no code for it', () => {
    expect(ended('', 'connect ECONNREFUSED 127.0.0.1:1').failure).toMatchObject({
      code: 'PROVIDER_UNREACHABLE',
    });
    expect(ended('', 'You have hit your usage limit').failure).toMatchObject({
      code: 'PROVIDER_QUOTA_EXCEEDED',
    });
  });
});

describe('a prompt that is not taken', () => {
  const refused = (message: string, data?: object) =>
    failureOfSend(new JsonRpcError('remote', 'send', { code: -32_000, message, data }));

  it('says why, in the SDK’s words', () => {
    const name = 'ConfigurationError';
    expect(refused('Cannot use this model: x', { name })).toMatchObject({ code: 'PROVIDER_MODEL_NOT_FOUND' });
    expect(refused('but sandboxing is not supported here', { name })).toMatchObject({
      code: 'SETTINGS_NOT_APPLIED',
      retryable: false,
    });
    expect(refused('no', { name: 'UnknownAgentError', status: 402 })).toMatchObject({
      code: 'PROVIDER_QUOTA_EXCEEDED',
    });
    expect(refused('no')).toMatchObject({ code: 'SETTINGS_NOT_APPLIED', message: 'send: no (-32000)' });
  });

  it('is one thing, an SDK that is not there another', () => {
    const missing = new JsonRpcError('remote', 'initialize', { code: -32_001, message: 'install it' });
    expect(missingFailure(missing)).toMatchObject({ code: 'INSTANCE_UNAVAILABLE', message: 'install it' });
    expect(missingFailure(new Error('another'))).toBeNull();
  });
});

describe('a prompt that is looked up', () => {
  const found = (status: string, error: string | null = null) =>
    foundIn({ isKnown: true, run: { status, error } });

  it('has the outcome of its run, or none', () => {
    expect(found('finished')).toEqual({ found: 'completed', failure: null });
    for (const status of ['cancelled', 'expired', 'running', 'queued']) {
      expect(found(status)).toEqual({ found: 'interrupted', failure: null });
    }
    expect(found('error', 'rate limit')).toMatchObject({
      found: 'failed',
      failure: { code: 'PROVIDER_RATE_LIMITED' },
    });
    expect(foundIn({ isKnown: true, run: null })).toEqual({ found: 'absent', failure: null });
    expect(foundIn({ isKnown: false, run: null })).toMatchObject({ found: 'absent', forgotten: true });
  });
});
