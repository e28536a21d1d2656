import { describe, expect, it } from 'vitest';
import { attachmentIdSchema } from '../../../../machines/domain/ids.ts';
import type { ItemBody, ItemRow } from '../../../../machines/domain/item.ts';
import { budgetOf, DEFAULT_BUDGET, TransferText } from '../../../../server/runtime/transfer-text.ts';
import { itemOf, turnId, turnOf } from '../../../helpers/journal-samples.ts';

const TURN = turnOf('t', 1, { status: 'completed', endedAt: 2 });
const SWITCH = { kind: 'switch', after: 0 } as const;
const message = (text: string, more: Partial<Extract<ItemBody, { kind: 'user_message' }>> = {}): ItemRow =>
  itemOf('message', 1, {
    body: { kind: 'user_message', intent: 'start', attachments: [], ...more },
    text,
  });
const says = (text: string): ItemRow => itemOf('says', 1, { body: { kind: 'assistant_message' }, text });
const image = (name: string) => attachmentIdSchema.parse(name);

/** Rows from the newest to the oldest. */
function written(rows: readonly ItemRow[], { characterCount = DEFAULT_BUDGET, images = true } = {}) {
  const text = new TransferText({ characterCount, images });
  for (const row of rows) text.add(row, TURN);
  return text.written(SWITCH);
}

describe('what is carried', () => {
  it('is messages, commands with their results and changes, the oldest first', () => {
    const command = { kind: 'command', command: 'npm test', exitCode: 1 } as const;
    const changes = [{ path: 'a.ts', kind: 'modified', diff: '+1' }] as const;
    const rows = [
      says('done'),
      itemOf('f', 3, { body: { kind: 'file_change', changes: [...changes] }, text: '' }),
      itemOf('c', 2, { body: command, text: 'one failed' }),
      itemOf('r', 2, { body: { kind: 'reasoning' }, text: 'hm' }),
      message('mend it'),
    ];
    expect(written(rows).text).toMatch(
      /^<carried_context>\n[^\n]+\n\nUser: mend it\n\nCommand: npm test \(exit code 1\)\nOutput:\none failed\n\nChanged files:\n- modified a.ts\nDiff:\n\+1\n\nAssistant: done\n<\/carried_context>$/,
    );
    expect(written(rows).report).toEqual({
      entryCount: 4,
      leftOut: { entryCount: 0, characterCount: 0 },
      attachments: [],
    });
  });

  it('is cut between entries, the oldest left out, and says how large they were', () => {
    const rows = [says('x'.repeat(300)), says('y'.repeat(300)), message('z'.repeat(300))];
    const { text, report } = written(rows, { characterCount: 700 });
    expect(report).toMatchObject({ entryCount: 2, leftOut: { entryCount: 1, characterCount: 306 } });
    expect(text).toContain('the 1 oldest entries, 306 characters');
    expect(text).not.toContain('zz');
  });

  it('names what is too large for itself, and goes on to what is older', () => {
    const long = itemOf('c', 2, { body: { kind: 'command', command: 'cat log' }, text: 'l'.repeat(9_000) });
    const { text } = written([says('s'.repeat(600)), long, message('look')], { characterCount: 1_000 });
    expect(text).toContain('[611 characters left out]');
    expect(text).toContain('Command: cat log\n[Output of 9000 characters left out]');
    expect(text).toContain('User: look');
  });

  it('takes images along, the newest first, and names the rest', () => {
    const ids = Array.from({ length: 6 }, (_, index) => image(`i${index}`));
    const rows = [message('two', { attachments: ids }), message('one', { attachments: ids })];
    const { text, report } = written(rows);
    expect(report.attachments).toEqual([...ids, ...ids.slice(0, 2)]);
    expect(text).toContain('User: two\n[6 images attached to this message]');
    expect(text).toContain('[2 images attached to this message]\n[4 images of this message not carried]');
    expect(written(rows, { images: false }).report.attachments).toEqual([]);
  });

  it('says of a turn that ended early that it did', () => {
    const text = new TransferText({ characterCount: 9_000, images: false });
    text.add(says('half'), { ...TURN, status: 'interrupted' });
    expect(text.written(SWITCH).text).toContain('Assistant: half\n\n[This turn ended early: interrupted.]');
  });

  it('has what was brought back from a branch, and not what tells its own turns again', () => {
    const transfer = (kind: 'merge-back' | 'switch', consumedBy?: 't'): ItemRow => {
      const range = { source: 'a' as never, after: 0, until: 1 };
      const given = consumedBy === undefined ? {} : { consumedBy: turnId(consumedBy) };
      return itemOf('x', 1, {
        body: { kind: 'transfer', transfer: kind, ...range, ...given },
        text: `of ${kind}`,
      });
    };
    const { text } = written([transfer('merge-back', 't'), transfer('switch', 't'), transfer('merge-back')]);
    expect(text.match(/of \S+/g)?.slice(-1)).toEqual(['of merge-back']);
    expect(text.match(/of merge-back/g)).toHaveLength(1);
    expect(text).not.toContain('of switch');
  });

  it('is nothing where nothing was said', () => {
    expect(written([itemOf('r', 1)])).toMatchObject({ text: '', report: { entryCount: 0 } });
  });

  it('has room for a fifth of a context, and a fixed length where that is not known', () => {
    expect([budgetOf(null), budgetOf(100_000), budgetOf(2_000_000)]).toEqual([48_000, 80_000, 160_000]);
  });
});
