/** What stands for itself in what the SDK says, as inputs of ours. Pure. */
import type { Failure } from '../../machines/domain/error.ts';
import type { ThreadInputOf } from '../../machines/domain/input.ts';
import type { Usage } from '../../machines/domain/turn.ts';
import type { ProviderReport } from '../../machines/ports/provider.ts';
import { ownItem, type TurnScope } from '../shared/own-items.ts';
import { failureOfRun } from './failures.ts';
import type { RunEnd, TurnUsage } from './wire.ts';

type TurnEnd = Pick<ThreadInputOf<'provider.turnEnded'>, 'outcome' | 'failure'>;

/** What became of a run. One that its own process has left is as good as cancelled. */
export function outcomeOf({ status, error }: RunEnd): TurnEnd {
  if (status === 'finished') return { outcome: 'completed', failure: null };
  if (status === 'error') return { outcome: 'failed', failure: failureOfRun(error) };
  return { outcome: 'interrupted', failure: null };
}

/** Counts of all turns so far; the newest tells how full the context is. */
export function usageOf(before: Usage | null, turn: TurnUsage): Usage {
  const { inputTokens, outputTokens, cacheReadTokens, cacheWriteTokens, reasoningTokens } = turn;
  const input = inputTokens + cacheReadTokens + cacheWriteTokens;
  return {
    inputTokens: (before?.inputTokens ?? 0) + input,
    cachedInputTokens: (before?.cachedInputTokens ?? 0) + cacheReadTokens,
    outputTokens: (before?.outputTokens ?? 0) + outputTokens,
    reasoningTokens: (before?.reasoningTokens ?? 0) + (reasoningTokens ?? 0),
    contextTokens: input + outputTokens,
    contextWindow: null,
  };
}

export const errorItem = ({ code, retryable, message }: Failure, scope: TurnScope): ProviderReport =>
  ownItem(scope, {
    key: 'error',
    body: { kind: 'error', code, retryable },
    text: message,
    status: 'failed',
  });

/** The frame itself is in the protocol log. */
const UNRECOGNIZED_TEXT_LENGTH = 2000;

/** Something of the SDK that is not known here, as an entry of the transcript. */
export const unrecognizedFrame = (method: string, params: unknown, scope: TurnScope): ProviderReport =>
  ownItem(scope, {
    key: `${method}:${scope.rawRef}`,
    body: { kind: 'unrecognized', method },
    text: (JSON.stringify(params) ?? '').slice(0, UNRECOGNIZED_TEXT_LENGTH),
  });
