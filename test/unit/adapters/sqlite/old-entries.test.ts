import { describe, expect, it } from 'vitest';
import { ENTRY_FORMAT } from '../../../../machines/domain/upcast.ts';
import { EntryMaker, threadId, tickOf } from '../../../helpers/journal-samples.ts';
import { openAsTool, setUpJournal } from '../../../helpers/sqlite-setup.ts';

const ALL = { limit: 9, deltas: true };

describe('entries of an older release', () => {
  it('are lifted before they are parsed, and new ones are not', () => {
    const { journal, folder } = setUpJournal();
    const entries = new EntryMaker();
    const [old, current] = [entries.base('a', 'old'), entries.base('a', 'current')];
    journal.commit(tickOf({ entries: [old, current] }));
    const tool = openAsTool(folder);
    expect(tool.prepare('select distinct format from entries').all()).toEqual([{ format: ENTRY_FORMAT }]);
    const context = `'$.charts.root.context'`;
    tool.exec(
      `update entries set format = 1, crc = null, input = json_set(input, ${context}, json('{"own":1}'))
       where sequence = 1`,
    );
    const [lifted, same] = journal.readThread(threadId('a'), 0, ALL);
    expect(lifted?.input).toMatchObject({
      charts: {
        root: { context: { own: 1, opening: { type: 'resume' }, transfers: [], mergedTurnOrdinal: 0 } },
      },
    });
    expect(same).toEqual(current);
  });
});
