/** The crash suite sees what it is there for: each fault that is seeded here makes it fail. */
import { expect, test } from 'vitest';
import type { Effect, ProviderEffect } from '../../machines/domain/effect.ts';
import { Effects } from '../../server/runtime/effects.ts';
import { Staging } from '../../server/runtime/staging.ts';
import { sabotage } from '../helpers/sabotage.ts';
import type { RuntimeRun } from '../helpers/start-runtime.ts';
import type { CrashOptions } from './crash-run.ts';
import { MemoryCrashStore, type Sabotage } from './memory-crash-store.ts';
import { playPoints } from './play-points.ts';
import { SCENARIOS } from './scenarios.ts';

async function playAll(sabotage: Sabotage, options: CrashOptions = {}): Promise<void> {
  const makeStore = (): MemoryCrashStore => new MemoryCrashStore(sabotage);
  for (const scenario of SCENARIOS) {
    await playPoints(makeStore, scenario, { ...options, every: 3, played: { pointCount: 0 } });
  }
}

test('sees receipts that are not written', async () => {
  await expect(playAll({ lose: (write) => ({ ...write, receipts: [] }) })).rejects.toThrow('answered twice');
});

test('sees rows that are not written', async () => {
  const lose = (write: Parameters<NonNullable<Sabotage['lose']>>[0]) => ({
    ...write,
    threads: write.threads.map((rows) => ({ ...rows, items: [] })),
  });
  await expect(playAll({ lose })).rejects.toThrow(/items/);
});

test('sees threads that a restart forgets', async () => {
  await expect(playAll({ unsettledThreads: () => [] })).rejects.toThrow(
    /without a provider|leaves it starting/,
  );
});

test('sees effects that are performed before their commit', async () => {
  let current: RuntimeRun | null = null;
  sabotage(Staging, 'add', (staging, [entry, stream, given], add) => {
    add(entry, stream, []);
    const effects = given as readonly Effect[];
    for (const effect of effects.filter(isForProvider)) current?.provider.perform(effect);
  });
  sabotage(Effects, 'release', () => {});
  const onOpen = (run: RuntimeRun): void => void (current = run);
  await expect(playAll({}, { onOpen })).rejects.toThrow('not in the journal');
});

const isForProvider = (effect: Effect): effect is ProviderEffect =>
  effect.type !== 'tell' && effect.type !== 'tellThread' && effect.type !== 'instance.rebuild';
