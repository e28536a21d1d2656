import { describe, expect, it } from 'vitest';
import { until } from '../../helpers/until.ts';

describe('until', () => {
  it('resolves with the first truthy value', async () => {
    let pollCount = 0;
    const value = await until(() => (++pollCount === 80 ? { pollCount } : undefined));
    expect(value).toEqual({ pollCount: 80 });
  });

  it('awaits an asynchronous predicate', async () => {
    expect(await until(async () => Promise.resolve('there'))).toBe('there');
  });

  it('says what was awaited and for how long', async () => {
    await expect(until(() => false, { timeoutMs: 20, describe: 'thread t1 is ready' })).rejects.toThrow(
      'not reached within 20 ms: thread t1 is ready',
    );
  });

  it('asks for the description only when it gives up', async () => {
    let seen = 'starting';
    const waiting = until(() => seen === 'ready', { timeoutMs: 20, describe: () => `ready, seen ${seen}` });
    seen = 'error';
    await expect(waiting).rejects.toThrow('ready, seen error');
  });

  it('passes on what the predicate throws', async () => {
    await expect(
      until(() => {
        throw new Error('store is closed');
      }),
    ).rejects.toThrow('store is closed');
  });
});
