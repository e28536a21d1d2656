/** Frames that the real codex 0.169.0 sent, and what the adapter makes of them. */
import { describe, expect, it } from 'vitest';
import { linesOf } from '../../../helpers/translate-recording.ts';

describe('translated errors', () => {
  it('fails on HTTP 500 that does not go away', () => {
    expect(linesOf('server-error')).toEqual([
      'T1 turnStarted',
      '- itemCompleted notice#1 completed "Reconnecting... 1/2\\nWe’re currently experiencing high demand, which may cause temporary errors."',
      '- itemCompleted notice#1 completed "Reconnecting... 2/2\\nWe’re currently experiencing high demand, which may cause temporary errors."',
      'T1 itemCompleted error#1 failed "We’re currently experiencing high demand, which may cause temporary errors."',
      'T1 turnEnded failed PROVIDER_ERROR internalServerError',
    ]);
  });

  it('fails on HTTP 401', () => {
    expect(linesOf('unauthorized')).toEqual([
      'T1 turnStarted',
      '- itemCompleted notice#1 completed "Reconnecting... 1/2\\nunexpected status 401 Unauthorized: scripted 401, url: http://127.0.0.1:42577/v1/responses"',
      '- itemCompleted notice#1 completed "Reconnecting... 2/2\\nunexpected status 401 Unauthorized: scripted 401, url: http://127.0.0.1:42577/v1/responses"',
      'T1 itemCompleted error#1 failed "unexpected status 401 Unauthorized: scripted 401, url: http://127.0.0.1:42577/v1/responses"',
      'T1 turnEnded failed PROVIDER_UNAUTHORIZED httpConnectionFailed:401',
    ]);
  });

  it('fails on HTTP 429', () => {
    expect(linesOf('rate-limited')).toEqual([
      'T1 turnStarted',
      '- itemCompleted notice#1 completed "Reconnecting... 1/2\\nexceeded retry limit, last status: 429 Too Many Requests"',
      '- itemCompleted notice#1 completed "Reconnecting... 2/2\\nexceeded retry limit, last status: 429 Too Many Requests"',
      'T1 itemCompleted error#1 failed "exceeded retry limit, last status: 429 Too Many Requests"',
      'T1 turnEnded failed PROVIDER_RATE_LIMITED responseTooManyFailedAttempts:429',
    ]);
  });

  it('fails at once for want of quota', () => {
    expect(linesOf('no-quota')).toEqual([
      'T1 turnStarted',
      'T1 itemCompleted error#1 failed "Quota exceeded. Check your plan and billing details."',
      'T1 turnEnded failed PROVIDER_QUOTA_EXCEEDED usageLimitExceeded',
    ]);
  });

  it('fails at once at the usage limit', () => {
    expect(linesOf('usage-limit')).toEqual([
      'T1 turnStarted',
      'T1 itemCompleted error#1 failed "You’ve hit your usage limit. Upgrade to Pro (https://chatgpt.com/explore/pro), visit https://chatgpt.com/settings/usage "',
      'T1 turnEnded failed PROVIDER_QUOTA_EXCEEDED usageLimitExceeded',
    ]);
  });

  it('fails at once on an overloaded model', () => {
    expect(linesOf('overloaded')).toEqual([
      'T1 turnStarted',
      'T1 itemCompleted error#1 failed "Selected model is at capacity. Please try a different model."',
      'T1 turnEnded failed PROVIDER_OVERLOADED serverOverloaded',
    ]);
  });

  it('fails at once on a bad request', () => {
    expect(linesOf('bad-request')).toEqual([
      'T1 turnStarted',
      'T1 itemCompleted error#1 failed "{\\"error\\":{\\"message\\":\\"nope\\",\\"type\\":\\"invalid_request_error\\",\\"code\\":null}}"',
      'T1 turnEnded failed PROVIDER_BAD_REQUEST other',
    ]);
  });

  it('fails at once on an unknown model', () => {
    expect(linesOf('no-model')).toEqual([
      'T1 turnStarted',
      'T1 itemCompleted error#1 failed "The model does not exist"',
      'T1 turnEnded failed PROVIDER_MODEL_NOT_FOUND modelNotFound',
    ]);
  });

  it('fails at once on a conversation that is too long', () => {
    expect(linesOf('too-long')).toEqual([
      'T1 turnStarted',
      'T1 itemCompleted error#1 failed "Codex ran out of room in the model\'s context window. Start a new thread or clear earlier history before retrying."',
      'T1 turnEnded failed PROVIDER_CONTEXT_EXCEEDED contextWindowExceeded',
    ]);
  });

  it('fails on a reply that stops by itself', () => {
    expect(linesOf('incomplete')).toEqual([
      'T1 turnStarted',
      '- itemCompleted notice#1 completed "Reconnecting... 1/2\\nstream disconnected before completion: Incomplete response returned, reason: content_filter"',
      '- itemCompleted notice#1 completed "Reconnecting... 2/2\\nstream disconnected before completion: Incomplete response returned, reason: content_filter"',
      'T1 itemCompleted error#1 failed "stream disconnected before completion: Incomplete response returned, reason: content_filter"',
      'T1 turnEnded failed PROVIDER_ERROR other',
    ]);
  });

  it('starts the same item again each time that the stream is cut off', () => {
    expect(linesOf('dropped')).toEqual([
      'T1 turnStarted',
      'T1 itemStarted assistant_message#1 open',
      'itemDelta assistant_message#1 "half "',
      'T1 textCut assistant_message#1',
      '- itemCompleted notice#1 completed "Reconnecting... 1/2\\nstream disconnected before completion: Transport error: network error: error decoding response body"',
      'T1 itemStarted assistant_message#1 open',
      'itemDelta assistant_message#1 "half "',
      'T1 textCut assistant_message#1',
      '- itemCompleted notice#1 completed "Reconnecting... 2/2\\nstream disconnected before completion: Transport error: network error: error decoding response body"',
      'T1 itemStarted assistant_message#1 open',
      'itemDelta assistant_message#1 "half "',
      'T1 itemCompleted error#1 failed "stream disconnected before completion: Transport error: network error: error decoding response body"',
      'T1 turnEnded failed PROVIDER_UNREACHABLE other',
    ]);
  });
});
