import { expect, it } from 'vitest';
import { itemOf, itemsOf, type TranscriptRows } from '../../../../server/runtime/transcript.ts';
import { itemId, itemOf as rowOf, stateOf, threadId } from '../../../helpers/journal-samples.ts';
import { lineageOf } from '../../../helpers/inputs.ts';

const SOURCE = threadId('source');
const FORK = threadId('fork');
const LATER = { rolledBack: true, updatedAt: 20 } as const;
const ITEMS = {
  [SOURCE]: [
    rowOf('i-1', 1, { rolledBack: true, updatedAt: 5 }),
    rowOf('i-2', 2, LATER),
    rowOf('i-3', 3, { status: 'open', background: true }),
    rowOf('i-4', 4, LATER),
  ],
  [FORK]: [rowOf('i-5', 4)],
};
const lineage = lineageOf({ parentId: SOURCE, itemOrdinal: 3 });
const STATES = {
  [SOURCE]: stateOf('source'),
  [FORK]: stateOf('fork', { createdAt: 10, parentId: SOURCE }, { lineage }),
};
const rows: TranscriptRows = {
  threadState: (id) => STATES[id] ?? null,
  item: (id, wanted) => ITEMS[id]?.find((item) => item.itemId === wanted) ?? null,
  items: (id, before, limit) =>
    (ITEMS[id] ?? []).filter((item) => item.ordinal < (before ?? Infinity)).slice(-limit),
};

it('shows what is inherited as it was when the thread branched off', () => {
  const items = itemsOf(rows, FORK, { before: null, limit: 10 });
  expect(items.map((item) => [item.itemId, item.rolledBack ?? false, item.status, item.background])).toEqual([
    ['i-1', true, 'completed', undefined],
    ['i-2', false, 'completed', undefined],
    ['i-3', false, 'unknown', undefined],
    ['i-5', false, 'completed', undefined],
  ]);
  expect(itemOf(rows, FORK, itemId('i-2'))?.rolledBack).toBeUndefined();
  expect(itemOf(rows, FORK, itemId('i-4'))).toBeNull();
});
