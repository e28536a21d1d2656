import { itemIdOf } from '../../machines/domain/ids.ts';
import { byNative } from '../../machines/domain/input.ts';
import type { ProviderReport } from '../../machines/ports/provider.ts';
import type { RuntimeRun } from '../helpers/start-runtime.ts';

/** Two entries: a command of the provider begins and ends. They wait to be taken in. */
export function reportItem(run: RuntimeRun, number: number): void {
  const itemId = itemIdOf('long', `item-${number}`);
  const place = { connectionId: 't1#1', ...byNative(null) };
  const body = { kind: 'command', command: 'npm test' } as const;
  for (const [type, status] of [
    ['provider.itemStarted', 'open'],
    ['provider.itemCompleted', 'completed'],
  ]) {
    const text = status === 'open' ? '' : 'all 123 tests have passed in 4.5 s';
    run.provider.report('t1', { type, ...place, item: { itemId, body, text, status } } as ProviderReport);
  }
}
