import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Status } from '../../machines/domain/fact.ts';
import { requireAgent } from '../agents/agents.ts';
import { startLiveServer, type LiveServer } from '../helpers/live-server.ts';
import type { LiveThread } from '../helpers/live-thread.ts';
import { openText, runCommand, runEscalated } from '../model-endpoint/codex-tools.ts';
import { byUserText, type Script } from '../model-endpoint/script.ts';
import { gate, text } from '../model-endpoint/step.ts';

const SLOW_COMMAND = 'touch begun; sleep 999; touch finished';
const SETTLED: readonly (Status | undefined)[] = ['ready', 'interrupted', 'stopped', 'error'];
const says =
  (content: string): Script =>
  () => [text(content)];
const streaming: Script = () => [...openText('once upon '), gate('never')];
const goOn = { 'go on': says('the end') };

/** Kills the server and starts it again; nothing of the old run is left when the new one opens its door. */
async function crash(server: LiveServer): Promise<void> {
  const before = await server.processes();
  await server.killAndRestart();
  const old = new Set(before.map(({ pid }) => pid));
  const left = await server.processes();
  expect(left.filter(({ pid }) => old.has(pid))).toEqual([]);
}

/** The thread came to rest by itself, and its client, which reconnected by itself, missed nothing. */
async function expectSettled(thread: LiveThread): Promise<void> {
  await thread.until(() => thread.synchronizedCount > 1, 'the return of the client');
  await thread.until(
    () => SETTLED.includes(thread.status) && !thread.view?.machine?.tags.includes('busy'),
    'a settled thread',
  );
  expect(thread.view?.state?.row.activeTurnId).toBeNull();
  expect(thread.view?.state?.row.openRequestCount).toBe(0);
  expect(thread.resyncs).toEqual([]);
  await thread.expectEveryEventOnce();
  await thread.expectSameView();
}

/** The next prompt goes on with the conversation. */
async function expectContext(server: LiveServer, thread: LiveThread, known: string): Promise<void> {
  expect(await thread.turn('go on')).toMatchObject({ outcome: 'completed' });
  const shown = server.endpoint.requests.at(-1);
  expect(shown?.userText).toBe('go on');
  expect(JSON.stringify(shown?.input)).toContain(`"${known}"`);
  await thread.reached('ready');
  await thread.expectEveryEventOnce();
  await thread.expectSameView();
}

/** The prompt that came back to the queue is handed over, and interrupted. */
async function startReturned(thread: LiveThread): Promise<void> {
  await thread.do({ type: 'queue.resume' });
  await thread.reached('running');
  await thread.until(() => thread.said.includes('once upon '), 'the first words');
  await thread.do({ type: 'turn.interrupt' });
  await thread.reached('interrupted');
}

describe.skipIf(requireAgent('codex') === null)('a server that is killed', () => {
  it('settles a turn that was streaming', async () => {
    const server = await startLiveServer(byUserText({ tell: streaming, ...goOn }));
    const thread = await server.thread();
    const { turnId = '' } = await thread.submit('tell');
    await thread.until(() => thread.said === 'once upon ', 'the first words');
    await crash(server);
    expect(await thread.ended(turnId)).toMatchObject({ outcome: 'interrupted', reason: 'server-restarted' });
    await expectSettled(thread);
    expect(thread.view?.state?.row).toMatchObject({
      status: 'stopped',
      lastError: { code: 'SERVER_RESTARTED' },
    });
    expect(thread.items('assistant_message')).toMatchObject([{ text: 'once upon ', status: 'interrupted' }]);
    await expectContext(server, thread, 'tell');
  });

  it('expires an approval, which can be asked again', async () => {
    const script = byUserText(
      { run: () => [runEscalated('touch made')], ...goOn },
      ({ toolOutputs, userText }) => {
        expect(userText).toContain('touch made');
        return toolOutputs.some(({ output }) => output.includes('exit'))
          ? [text('done')]
          : [runEscalated('touch made')];
      },
    );
    const server = await startLiveServer(script);
    const thread = await server.thread({ runtimeMode: 'auto-accept-edits' });
    const { turnId = '' } = await thread.submit('run');
    const { requestId } = await thread.request();
    await crash(server);
    expect(await thread.ended(turnId)).toMatchObject({ outcome: 'interrupted', reason: 'server-restarted' });
    await expectSettled(thread);
    expect(thread.facts('request.closed')).toMatchObject([{ requestId, outcome: 'expired' }]);
    const late = thread.do({ type: 'request.respond', requestId, decision: 'accept' });
    await expect(late).rejects.toMatchObject({ code: 'REQUEST_CLOSED', details: { outcome: 'expired' } });
    const asked = await thread.do({ type: 'request.askAgain', requestId });
    const again = await thread.request();
    expect(again.requestId).not.toBe(requestId);
    await thread.do({ type: 'request.respond', requestId: again.requestId, decision: 'accept' });
    const second = asked.turnId ?? asked.queueEntryId ?? '';
    expect(await thread.ended(second)).toMatchObject({ outcome: 'completed' });
    expect(existsSync(join(server.workspace, 'made'))).toBe(true);
    await expectContext(server, thread, 'run');
  });

  it('ends a running command', async () => {
    const server = await startLiveServer(byUserText({ run: () => [runCommand(SLOW_COMMAND)], ...goOn }));
    const thread = await server.thread({ runtimeMode: 'full-access' });
    const { turnId = '' } = await thread.submit('run');
    await thread.until(() => existsSync(join(server.workspace, 'begun')), 'the command');
    await crash(server);
    expect(await thread.ended(turnId)).toMatchObject({ outcome: 'interrupted', reason: 'server-restarted' });
    await expectSettled(thread);
    expect(existsSync(join(server.workspace, 'finished'))).toBe(false);
    await expectContext(server, thread, 'run');
  });

  it('keeps a prompt that was acknowledged and not handed over', async () => {
    const server = await startLiveServer(byUserText({ hello: says('hi'), ...goOn }));
    const thread = await server.thread();
    // codex takes its time to start
    const { turnId = '' } = await thread.submit('hello');
    await crash(server);
    expect(await thread.ended(turnId)).toMatchObject({
      outcome: 'failed',
      failure: { code: 'NOT_DELIVERED' },
    });
    await expectSettled(thread);
    expect(thread.view?.state?.queue).toMatchObject({ status: 'held', entries: [{ text: 'hello' }] });
    expect(server.endpoint.requests).toEqual([]);
    await thread.do({ type: 'queue.resume' });
    await thread.fact('turn.ended', ({ outcome }) => outcome === 'completed');
    await thread.reached('ready');
    expect(thread.said).toBe('hi');
    expect(server.endpoint.requests.map(({ userText }) => userText)).toEqual(['hello']);
    await expectContext(server, thread, 'hello');
  });

  it('neither loses nor repeats a prompt that was just handed over', async () => {
    const server = await startLiveServer(byUserText({ one: says('first'), two: streaming, ...goOn }));
    const thread = await server.thread();
    expect(await thread.turn('one')).toMatchObject({ outcome: 'completed' });
    const { turnId = '' } = await thread.submit('two');
    await crash(server);
    const { outcome } = await thread.ended(turnId);
    await expectSettled(thread);
    const returned = thread.view?.state?.queue.entries ?? [];
    expect([outcome, returned.map((entry) => entry.text)]).toBeOneOf([
      ['interrupted', []],
      ['failed', ['two']],
    ]);
    if (returned.length > 0) await startReturned(thread);
    await expectContext(server, thread, 'two');
    const shown = JSON.stringify(server.endpoint.requests.at(-1)?.input);
    expect(shown.split('"two"')).toHaveLength(2);
  });

  it('asks codex about a prompt that was handed over before any answer came', async () => {
    const server = await startLiveServer(byUserText({ one: says('first'), two: streaming, ...goOn }));
    const thread = await server.thread();
    await thread.turn('one');
    const { turnId = '' } = await thread.submit('two');
    await server.endpoint.until(({ requests }) => requests.length === 2);
    await crash(server);
    expect(await thread.ended(turnId)).toMatchObject({ outcome: 'interrupted' });
    await expectSettled(thread);
    expect(thread.view?.state?.queue.entries).toEqual([]);
    await expectContext(server, thread, 'two');
  });

  it('holds the queue behind the interrupted turn', async () => {
    const server = await startLiveServer(byUserText({ tell: streaming, two: says('second'), ...goOn }));
    const thread = await server.thread();
    await thread.submit('tell');
    await thread.until(() => thread.said === 'once upon ', 'the first words');
    const { queueEntryId = '' } = await thread.submit('two', { mode: 'queue' });
    await crash(server);
    await expectSettled(thread);
    expect(thread.view?.state?.queue).toMatchObject({ status: 'held', entries: [{ turnId: queueEntryId }] });
    await thread.do({ type: 'queue.resume' });
    expect(await thread.ended(queueEntryId)).toMatchObject({ outcome: 'completed' });
    await expectContext(server, thread, 'two');
  });

  it('tells codex what was said before where it no longer knows the conversation, and says so', async () => {
    const server = await startLiveServer(byUserText({ one: says('first'), two: says('second'), ...goOn }));
    const thread = await server.thread();
    await thread.turn('one');
    await server.stop();
    rmSync(join(server.home.path, 'sessions'), { recursive: true });
    await server.start();
    expect(await thread.turn('two')).toMatchObject({ outcome: 'completed' });
    expect(thread.facts('connection.sessionForgotten')).toMatchObject([
      { failure: { code: 'RESUME_FAILED' } },
    ]);
    expect(thread.facts('connection.opened').map(({ resumed }) => resumed)).toEqual([false, false]);
    expect(server.endpoint.requests[1]?.userText).toMatch(
      /^<carried_context>.*User: one\n\nAssistant: first\n<\/carried_context>\n\ntwo$/s,
    );
    expect(thread.items('user_message').map((item) => item.text)).toEqual(['one', 'two']);
    await expectContext(server, thread, 'second');
  });
});
