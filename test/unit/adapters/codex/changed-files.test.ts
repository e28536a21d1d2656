import { onTestFinished, expect, test } from 'vitest';
import { FakeCodex, line } from '../../../helpers/fake-codex.ts';

const change = (path: string) => ({ path, kind: { type: 'add' }, diff: '' });
const item = { type: 'fileChange', id: 'i', changes: [change('/w/a'), change('/w/b')], status: 'inProgress' };
const place = { threadId: 'n', turnId: 'T' };

test('a request for leave to change files names the files of its item', async () => {
  const raw = [
    '{"id":$ID,"result":{"turn":{"id":"T"}}}\n',
    line({ method: 'item/started', params: { ...place, item } }),
    line({ id: 0, method: 'item/fileChange/requestApproval', params: { ...place, itemId: 'i' } }),
    line({ id: 1, method: 'item/fileChange/requestApproval', params: { ...place, itemId: 'other' } }),
    line({
      id: 2,
      method: 'item/fileChange/requestApproval',
      params: { ...place, itemId: 'i', grantRoot: '/w' },
    }),
  ];
  const codex = new FakeCodex({ 'turn/start': [{ raw }] });
  onTestFinished(() => codex.adapter.dispose());
  const thread = await codex.open();
  thread.send('hello');
  await thread.request(3);
  const asked = codex.harness
    .all(thread.threadId, 'provider.requestOpened')
    .map(({ request }) => request.body);
  expect(asked).toEqual([
    { kind: 'file-change', paths: ['/w/a', '/w/b'] },
    { kind: 'file-change', paths: [] },
    { kind: 'file-change', paths: ['/w'] },
  ]);
});
