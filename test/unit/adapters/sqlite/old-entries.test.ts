import { describe, expect, it, vi } from 'vitest';
import type * as upcasting from '../../../../machines/domain/upcast.ts';
import { EntryMaker, threadId, tickOf } from '../../../helpers/journal-samples.ts';
import { openAsTool, setUpJournal } from '../../../helpers/sqlite-setup.ts';

/** As if the releases of format 1 had called the input `thread.rename`. */
vi.mock(import('../../../../machines/domain/upcast.ts'), async (importOriginal) => {
  const { upcast } = await importOriginal();
  const lift: upcasting.Lift = (entry) => {
    const input = entry.input as Record<string, unknown>;
    if (input['type'] !== 'thread.rename') return entry;
    return { ...entry, input: { type: 'thread.setTitle', title: input['name'] } };
  };
  return { ENTRY_FORMAT: 2, upcast: (entry, format) => upcast(entry, format, [lift]) };
});

describe('entries of an older release', () => {
  it('are lifted before they are parsed, and new ones are not', () => {
    const { journal, folder } = setUpJournal();
    const entries = new EntryMaker();
    const [old, current] = [entries.input('a'), entries.input('a')];
    journal.commit(tickOf({ entries: [old, current] }));
    const tool = openAsTool(folder);
    expect(tool.prepare('select distinct format from entries').all()).toMatchObject([{ format: 2 }]);
    tool.exec(
      `update entries set format = 1, crc = null, input = '{"type":"thread.rename","name":"old"}'
       where sequence = 1`,
    );
    expect(journal.readThread(threadId('a'), 0, { limit: 9, deltas: true })).toEqual([
      { ...old, input: { type: 'thread.setTitle', title: 'old' } },
      current,
    ]);
  });
});
