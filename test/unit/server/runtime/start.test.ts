import { onTestFinished, expect, test } from 'vitest';
import { openJournal } from '../../../../adapters/sqlite/index.ts';
import type { Faults } from '../../../../adapters/sqlite/journal.ts';
import type { Journal } from '../../../../machines/ports/journal.ts';
import { PlannedFaults } from '../../../helpers/planned-faults.ts';
import { tempFolder } from '../../../helpers/sqlite-setup.ts';
import { RuntimeRun, THREAD } from '../../../helpers/start-runtime.ts';

function open(folder: string, epoch: string, faults: Faults = {}): Journal {
  const journal = openJournal({ folder, faults, now: () => 1, makeEpoch: () => epoch });
  onTestFinished(() => journal.close());
  return journal;
}

test('a start whose recovery cannot be written fails instead of opening the door', async () => {
  const faults = new PlannedFaults();
  const run = new RuntimeRun({ journal: open(tempFolder(), 'e1', faults) });
  faults.next = 'before';
  await expect(run.start()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
  expect(run.runtime.isReady()).toBe(false);
});

test('a thread whose last entry is a delta is recovered', async () => {
  const folder = tempFolder();
  const journal = open(folder, 'e1');
  const before = await new RuntimeRun({ journal }).start();
  await before.create();
  await before.submit('open wait');
  const [connectionId] = before.provider?.connectionIds ?? [];
  const item = before.snapshot().items.find(({ status }) => status === 'open');
  if (connectionId === undefined || item === undefined) throw new Error('nothing is open');
  const { itemId } = item;
  before.provider
    ?.session(connectionId)
    .say({ type: 'provider.itemDelta', connectionId, itemId, text: 'once upon' });
  before.settle();
  expect(before.snapshot().items.at(-1)).toMatchObject({ text: 'once upon', status: 'open' });
  before.world.kill();
  journal.close();
  const { world, clock } = before;
  const after = await new RuntimeRun({ journal: open(folder, 'e2'), world, clock }).start();
  expect(after.status).toBe('stopped');
  expect(after.runtime.reads.item(THREAD, itemId)).toMatchObject({
    text: 'once upon',
    status: 'interrupted',
  });
});
