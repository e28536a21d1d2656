/** Turns of the real claude 2.1.329 whose model failed, and what the adapter makes of them. */
import { describe, expect, it } from 'vitest';
import { translateRecording } from '../../../helpers/claude-recording.ts';
import { summaryOf } from '../../../helpers/translate-recording.ts';

const linesOf = (name: string): string[] =>
  summaryOf(translateRecording(name)).filter((line) => !line.startsWith('usageReported'));

describe('translated errors', () => {
  it('a server error', () => {
    expect(linesOf('server-error')).toEqual([
      'T1 turnAccepted',
      'T1 turnStarted',
      '- itemCompleted notice#1 completed "server_error 500: try 1 of 2"',
      '- itemCompleted notice#1 completed "server_error 500: try 2 of 2"',
      'T1 itemCompleted error#1 failed "API Error: 500 scripted 500. This is a server-side issue, usually temporary — try again in a moment. If it persists, che"',
      'T1 turnEnded failed PROVIDER_ERROR api_error:500',
    ]);
  });

  it('a key that is refused', () => {
    expect(linesOf('unauthorized')).toEqual([
      'T1 turnAccepted',
      'T1 turnStarted',
      '- itemCompleted notice#1 completed "authentication_failed 401: try 1 of 2"',
      '- itemCompleted notice#1 completed "authentication_failed 401: try 2 of 2"',
      'T1 itemCompleted error#1 failed "Failed to authenticate. API Error: 401 scripted 401"',
      'T1 turnEnded failed PROVIDER_UNAUTHORIZED api_error:401',
    ]);
  });

  it('a limit of requests', () => {
    expect(linesOf('rate-limited')).toEqual([
      'T1 turnAccepted',
      'T1 turnStarted',
      '- itemCompleted notice#1 completed "rate_limit 429: try 1 of 2"',
      '- itemCompleted notice#1 completed "rate_limit 429: try 2 of 2"',
      'T1 itemCompleted error#1 failed "API Error: Request rejected (429) · scripted 429"',
      'T1 turnEnded failed PROVIDER_RATE_LIMITED api_error:429',
    ]);
  });

  it('an overloaded server', () => {
    expect(linesOf('overloaded')).toEqual([
      'T1 turnAccepted',
      'T1 turnStarted',
      '- itemCompleted notice#1 completed "overloaded 529: try 1 of 2"',
      '- itemCompleted notice#1 completed "overloaded 529: try 2 of 2"',
      'T1 itemCompleted error#1 failed "API Error: 529 scripted 529. This is a server-side issue, usually temporary — try again in a moment. If it persists, che"',
      'T1 turnEnded failed PROVIDER_OVERLOADED api_error:529',
    ]);
  });

  it('a model that is not there', () => {
    expect(linesOf('no-model')).toEqual([
      'T1 turnAccepted',
      'T1 turnStarted',
      'T1 itemCompleted error#1 failed "There\'s an issue with the selected model (claude-opus-5-5). It may not exist or you may not have access to it. Run --mod"',
      'T1 turnEnded failed PROVIDER_MODEL_NOT_FOUND api_error:404',
    ]);
  });

  it('a request that is refused', () => {
    expect(linesOf('bad-request')).toEqual([
      'T1 turnAccepted',
      'T1 turnStarted',
      'T1 itemCompleted error#1 failed "API Error: 400 scripted 400"',
      'T1 turnEnded failed PROVIDER_BAD_REQUEST api_error:400',
    ]);
  });

  it('an account without credit', () => {
    expect(linesOf('no-quota')).toEqual([
      'T1 turnAccepted',
      'T1 turnStarted',
      'T1 itemCompleted error#1 failed "Credit balance is too low"',
      'T1 turnEnded failed PROVIDER_QUOTA_EXCEEDED api_error:400',
    ]);
  });

  it('a conversation that is too long', () => {
    expect(linesOf('too-long')).toEqual([
      'T1 turnAccepted',
      'T1 turnStarted',
      'T1 itemCompleted error#1 failed "Prompt is too long · the request is ~300000 tokens (limit 200000) but this conversation is only ~2524 tokens — the rest "',
      'T1 turnEnded failed PROVIDER_CONTEXT_EXCEEDED prompt_too_long:400',
    ]);
  });

  it('a connection that breaks drops what was streamed', () => {
    expect(linesOf('dropped')).toEqual([
      'T1 turnAccepted',
      'T1 turnStarted',
      '- itemCompleted notice#1 completed "unknown: try 1 of 2"',
      'T1 itemStarted assistant_message#1 open',
      'itemDelta assistant_message#1 "half "',
      'T1 itemUpdated assistant_message#1 open',
      '- itemCompleted notice#1 completed "unknown: try 2 of 2"',
      'T1 itemCompleted error#1 failed "API Error: Connection to the API was lost (ECONNRESET). This is usually temporary — try again."',
      'T1 turnEnded failed PROVIDER_UNREACHABLE api_error',
    ]);
  });

  it('a reply that is begun again replaces what was streamed', () => {
    expect(linesOf('begun-again')).toEqual([
      'T1 turnAccepted',
      'T1 turnStarted',
      'T1 itemStarted assistant_message#1 open',
      'itemDelta assistant_message#1 "half "',
      'T1 itemUpdated assistant_message#1 open',
      '- itemCompleted notice#1 completed "unknown: try 1 of 2"',
      'T1 itemUpdated assistant_message#1 open',
      'itemDelta assistant_message#1 "the whole"',
      'T1 itemCompleted assistant_message#1 completed "the whole"',
      'T1 turnEnded completed',
    ]);
  });

  it.each(['server-error', 'no-quota', 'dropped'])('%s has the same code in the oldest version', (name) => {
    const codeOf = (lines: readonly string[]): string | undefined => lines.at(-1)?.split(' ')[3];
    expect(codeOf(linesOf(`${name}-2.1.197`))).toBe(codeOf(linesOf(name)));
  });
});
