import { describe, expect, it } from 'vitest';
import {
  accountOf,
  mergeRateLimits,
  modelOf,
  rateLimitsOf,
} from '../../../../adapters/codex/instance-report.ts';

const limit = (name: string, usedPercent: number, resetsAt: number | null = null) => ({
  name,
  usedPercent,
  resetsAt,
});

describe('what a process says of itself', () => {
  it('names the account', () => {
    expect(accountOf(null)).toBe(null);
    expect(accountOf({ type: 'chatgpt', email: 'a@b.c', planType: 'plus' })).toEqual({
      label: 'a@b.c',
      plan: 'plus',
    });
    expect(accountOf({ type: 'chatgpt', email: null })).toEqual({ label: 'ChatGPT', plan: null });
    expect(accountOf({ type: 'apiKey' })).toEqual({ label: 'API key', plan: null });
    expect(accountOf({ type: 'somethingNew' })).toEqual({ label: 'somethingNew', plan: null });
  });

  it('names the options of a model', () => {
    const model = {
      model: 'm',
      displayName: 'M',
      isDefault: true,
      hidden: false,
      defaultReasoningEffort: 'low',
    };
    const efforts = [{ reasoningEffort: 'low' }, { reasoningEffort: 'high' }];
    expect(
      modelOf({ ...model, supportedReasoningEfforts: efforts, serviceTiers: [{ id: 'priority' }] }),
    ).toEqual({
      id: 'm',
      name: 'M',
      isDefault: true,
      options: { effort: ['low', 'high'], serviceTier: ['priority'] },
    });
    expect(modelOf({ ...model, supportedReasoningEfforts: [], serviceTiers: [] }).options).toEqual({});
  });

  it('has rate limits in ms', () => {
    const primary = { usedPercent: 12, resetsAt: 1_700_000_000 };
    expect(
      rateLimitsOf({ limitId: 'codex', limitName: null, primary, secondary: { usedPercent: 3 } }),
    ).toEqual([limit('codex (primary)', 12, 1_700_000_000_000), limit('codex (secondary)', 3)]);
    expect(rateLimitsOf({ limitId: 'codex', primary: null, secondary: null })).toEqual([]);
  });
});

describe('mergeRateLimits', () => {
  it('keeps what a sparse update does not name, and says when nothing has changed', () => {
    const known = [limit('a', 1), limit('b', 2)];
    expect(mergeRateLimits(known, [limit('b', 3)])).toEqual([limit('a', 1), limit('b', 3)]);
    expect(mergeRateLimits(known, [limit('b', 2)])).toBe(null);
    expect(mergeRateLimits(known, [])).toBe(null);
    expect(mergeRateLimits([], [limit('a', 1)])).toEqual([limit('a', 1)]);
  });
});
