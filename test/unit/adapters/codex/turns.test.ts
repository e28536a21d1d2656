import { describe, expect, it } from 'vitest';
import { attachmentIdSchema } from '../../../../machines/domain/ids.ts';
import { fakeCodex, onThread } from '../../../helpers/fake-codex.ts';
import { until } from '../../../helpers/until.ts';

const attachment = (id: string) => attachmentIdSchema.parse(id);

describe('a turn', () => {
  it('is accepted before it starts, even when both come in one piece', async () => {
    const turn = { id: 'T', status: 'inProgress', items: [] };
    const codex = fakeCodex({
      'turn/start': [
        { raw: [`{"id":$ID,"result":{"turn":{"id":"T"}}}\n${onThread('turn/started', { turn })}`] },
      ],
    });
    const thread = await codex.open();
    await thread.start('hello');
    expect(codex.harness.reports.map(({ input }) => input.type)).toEqual([
      'connection.opened',
      'provider.turnAccepted',
      'provider.turnStarted',
    ]);
  });

  it('is refused with what codex said', async () => {
    const error = { code: -32_600, message: 'thread not found: n' };
    const codex = fakeCodex({ 'turn/start': [{ error }] });
    const thread = await codex.open();
    const { key } = thread.send('hello');
    expect(await codex.harness.awaitReport(thread.threadId, 'provider.turnRefused')).toMatchObject({
      turnId: key.turnId,
      attempt: 1,
      failure: { code: 'START_REFUSED', message: 'turn/start: thread not found: n (-32600)' },
    });
  });

  it('is the next that begins where a compaction was asked for, before the answer or after it', async () => {
    const started = onThread('turn/started', { turn: { id: 'T', status: 'inProgress', items: [] } });
    const codex = fakeCodex({ 'thread/compact/start': [{ raw: [`${started}{"id":$ID,"result":{}}\n`] }] });
    const thread = await codex.open();
    const key = thread.compact();
    const { type: _, ...start } = await codex.harness.awaitReport(thread.threadId, 'provider.turnStarted');
    expect(codex.harness.reports.slice(1).map(({ input }) => input)).toEqual([
      { type: 'provider.turnAccepted', ...key, nativeTurnId: 'T' },
      { type: 'provider.turnStarted', ...start },
    ]);
    expect(codex.sent('thread/compact/start')).toEqual([{ threadId: 'n' }]);
  });

  it('of a compaction is refused with what codex said', async () => {
    const codex = fakeCodex({ 'thread/compact/start': [{ error: { code: -32_600, message: 'not now' } }] });
    const thread = await codex.open();
    const { turnId } = thread.compact();
    expect(await codex.harness.awaitReport(thread.threadId, 'provider.turnRefused')).toMatchObject({
      turnId,
      failure: { code: 'START_REFUSED', message: 'thread/compact/start: not now (-32600)' },
    });
  });

  it('is refused where an image is not stored any more', async () => {
    const codex = fakeCodex();
    const thread = await codex.open();
    const attachmentId = attachment('a');
    thread.send('look', { attachments: [attachmentId] });
    const { failure } = await codex.harness.awaitReport(thread.threadId, 'provider.turnRefused');
    expect(failure.code).toBe('ATTACHMENT_NOT_FOUND');
    expect(codex.sent('turn/start')).toEqual([]);
    codex.harness.attachments.set(attachmentId, '/a.png');
    thread.send('look', { attachments: [attachmentId] });
    expect(codex.sent('turn/start')).toMatchObject([
      { input: [{ type: 'text' }, { type: 'localImage', path: '/a.png' }] },
    ]);
  });

  it('is interrupted as whatever runs when codex never named it', async () => {
    const codex = fakeCodex({
      'turn/start': [{}],
      'thread/turns/list': [{ result: { data: [{ id: 'unnamed', status: 'interrupted', items: [] }] } }],
    });
    const thread = await codex.open();
    thread.interrupt(thread.send('hello'));
    await until(() => codex.sent('turn/interrupt').length > 0);
    expect(codex.sent('turn/interrupt')).toEqual([{ threadId: 'n', turnId: 'unnamed' }]);
  });

  it('leaves plan mode by naming the default one', async () => {
    const codex = fakeCodex();
    const thread = await codex.open({ interactionMode: 'plan' });
    thread.send('plan');
    await codex.harness.awaitReport(thread.threadId, 'provider.turnAccepted');
    thread.settings = { ...thread.settings, interactionMode: 'default' };
    const { turnId } = thread.send('do').key;
    await codex.harness.awaitReport(
      thread.threadId,
      'provider.turnAccepted',
      (report) => report.turnId === turnId,
    );
    thread.send('go on');
    const modes = codex
      .sent('turn/start')
      .map((params) => Reflect.get(Object(params), 'collaborationMode')?.mode);
    expect(modes).toEqual(['plan', 'default', undefined]);
  });

  it('is settled although what it left running cannot be ended', async () => {
    const no = { error: { code: -32_603, message: 'no' } };
    const codex = fakeCodex({ 'thread/backgroundTerminals/list': [no], 'thread/list': [no] });
    const thread = await codex.open();
    const sent = thread.send('hello');
    await thread.settle({ ...sent, key: { ...sent.key, nativeTurnId: 'T' } }, 'failed');
    await until(() => codex.harness.warnings.length >= 2);
    expect(codex.harness.warnings.map(({ message }) => message)).toEqual(
      expect.arrayContaining([
        'what a turn left running could not be ended',
        'sub-agents could not be ended',
      ]),
    );
  });

  it('leaves no command behind when codex never named it', async () => {
    const codex = fakeCodex();
    const thread = await codex.open();
    await thread.settle(thread.send('hello'), 'failed');
    expect(codex.sent('thread/backgroundTerminals/clean')).toEqual([{ threadId: 'n' }]);
  });
});
