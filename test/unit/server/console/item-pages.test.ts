import { describe, expect, it } from 'vitest';
import { itemRowSchema } from '../../../../machines/domain/item.ts';
import { threadIdSchema } from '../../../../machines/domain/ids.ts';
import { ThreadView } from '../../../../server/client/thread-view.ts';
import { ItemPages, type ItemReads } from '../../../../server/console/state/item-pages.ts';
import type { WireItem } from '../../../../server/gateway/frame.ts';
import { until } from '../../../helpers/until.ts';

const THREAD = threadIdSchema.parse('thread');

const item = (ordinal: number, more: object = {}): WireItem =>
  itemRowSchema.parse({
    itemId: `item-${ordinal}`,
    body: { kind: 'assistant_message' },
    text: String(ordinal),
    status: 'completed',
    ordinal,
    turnId: null,
    attempt: 1,
    createdAt: 0,
    updatedAt: 0,
    ...more,
  });

function viewOf(items: readonly WireItem[]): ThreadView {
  const view = new ThreadView();
  for (const each of items) view.items.set(each.itemId, each);
  return view;
}

/** A thread whose items have these ordinals. */
function stage(ordinals: readonly number[], followed: readonly WireItem[]) {
  const asked: number[] = [];
  const reads: ItemReads = {
    before: (_threadId, before, limit) => {
      asked.push(before);
      const page = ordinals.filter((ordinal) => ordinal < before).slice(-limit);
      return Promise.resolve(page.map((ordinal) => item(ordinal)));
    },
  };
  let pageCount = 0;
  const pages = new ItemPages(reads, THREAD, () => void (pageCount += 1));
  const view = viewOf(followed);
  pages.begin(view);
  return { asked, source: pages.source(view), pages: () => pageCount };
}

const range = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, index) => from + index);

describe('the items of a transcript', () => {
  it('are read page by page as they come into sight, each once', async () => {
    const followed = range(901, 950).map((ordinal) => item(ordinal));
    const { asked, source, pages } = stage(range(1, 950), followed);
    expect([source.first, source.last]).toEqual([1, 950]);
    expect(source.at(950)?.text).toBe('950');
    expect(source.at(900)).toBeUndefined();
    source.want(880, 905);
    await until(() => pages() === 1);
    expect(asked).toEqual([901]);
    expect(source.at(880)?.text).toBe('880');
    source.want(870, 890);
    source.want(400, 420);
    await until(() => pages() === 2);
    expect(asked).toEqual([901, 421]);
    expect(source.at(421)).toBeUndefined();
  });

  it('know which numbers belong to nothing', async () => {
    const { source, pages } = stage([3, 7], [item(9)]);
    source.want(1, 8);
    await until(() => pages() === 2);
    expect(range(1, 9).map((ordinal) => source.at(ordinal)?.ordinal ?? null)).toEqual([
      null,
      null,
      3,
      null,
      null,
      null,
      7,
      null,
      9,
    ]);
  });

  it('do not begin with work that goes on since long ago', () => {
    const followed = [item(2, { background: true }), item(90), item(91)];
    const { source } = stage(range(1, 91), followed);
    expect(source.at(2)?.text).toBe('2');
    expect(source.at(50)).toBeUndefined();
  });
});
