import { homedir, hostname } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { codexDriver } from '../../../../adapters/codex/index.ts';
import { Recorder, type RecorderOptions } from '../../../../adapters/replay/recorder.ts';
import { formatRecording, parseRecording } from '../../../../adapters/replay/recording.ts';
import { Tape } from '../../../../adapters/replay/tape.ts';
import { processStartTime } from '../../../../adapters/shared/process-tree.ts';
import { FakeCodex, line, type FakeScript } from '../../../helpers/fake-codex.ts';
import { TestClock } from '../../../helpers/test-clock.ts';
import { TINY_PROTOCOL } from '../../../helpers/tiny-recording.ts';
import { until } from '../../../helpers/until.ts';

const STUBBORN = join(import.meta.dirname, '..', '..', '..', 'fixtures', 'stubborn-child.mjs');
const OPTIONS = { scenario: 'fake', title: 'Fake', description: 'a fake codex' };
const UUIDS = ['0199a0a0-1111-7000-8000-00000000aaaa', '0199A0A0-2222-7000-8000-00000000BBBB'];

function record(script: FakeScript = {}, more: Partial<RecorderOptions> = {}, command?: string) {
  const recorder = new Recorder({ ...OPTIONS, ...more });
  const driver = recorder.record(codexDriver);
  return { recorder, fake: new FakeCodex(script, { driver, ...(command === undefined ? {} : { command }) }) };
}

/** Read back from its file's text. */
const readBack = (recorder: Recorder) => parseRecording(formatRecording(recorder.recording()), 'recording');

describe('a recorder', () => {
  it('writes down a life of a process, in order and in lines', async () => {
    const { recorder, fake } = record();
    await fake.open();
    await fake.adapter.dispose();
    const { header, lines } = readBack(recorder);
    expect(header).toMatchObject({ driver: 'codex', version: '0.169.0', scenario: 'fake' });
    const kinds = lines.map((each) => each.kind).filter((kind) => kind !== 'in' && kind !== 'out');
    expect(kinds).toEqual(['spawn', 'open', 'stop', 'exit']);
    expect(lines[0]).toMatchObject({ kind: 'spawn', command: 'fake-codex.mjs', args: ['app-server'] });
    expect(lines).toContainEqual(
      expect.objectContaining({
        kind: 'open',
        settings: expect.objectContaining({ runtimeMode: 'auto-accept-edits' }),
      }),
    );
    const asked = lines.flatMap((each) => (each.kind === 'out' ? [each.frame] : []));
    expect(asked).toEqual(fake.harness.frames.filter(isOut).map(({ frame }) => JSON.parse(frame)));
    const times = lines.map((each) => ('atMs' in each ? each.atMs : 0));
    expect(times).toEqual(times.toSorted((left, right) => left - right));
  });

  it('keeps secrets, folders of this machine and random ids out of it, and keeps what is no JSON', async () => {
    const raw = [
      line({
        method: 'warning',
        params: {
          apiKey: 'hidden-1',
          text: `Bearer hidden.2 ${UUIDS.join(' ')} ${UUIDS[0]}`,
          path: join(homedir(), 'notes'),
          work: '/srv/project/a.ts',
          host: hostname(),
        },
      }),
      'no JSON at all\n',
    ];
    const { recorder, fake } = record({ 'thread/start': [{ raw }] }, { workspace: '/srv/project' });
    fake.start();
    await fake.harness.awaitInstance('process.started');
    fake.thread().askToOpen();
    await until(() => formatRecording(recorder.recording()).includes('no JSON at all'));
    await fake.adapter.dispose();
    const text = formatRecording(recorder.recording());
    for (const secret of ['hidden', ...UUIDS, homedir(), '/srv/project', process.cwd()]) {
      expect(text).not.toContain(secret);
    }
    const warning = readBack(recorder).lines.find(
      (each) => each.kind === 'in' && JSON.stringify(each.frame ?? null).includes('"warning"'),
    );
    const [first, second] = ['1', '2'].map((number) => `00000000-0000-7000-8000-${number.padStart(12, '0')}`);
    expect(warning).toMatchObject({
      frame: {
        params: {
          apiKey: '[redacted]',
          text: `Bearer [redacted] ${first} ${second} ${first}`,
          path: '/home/user/notes',
          work: '/workspace/a.ts',
          host: 'host',
        },
      },
    });
  });

  it('keeps what was answered in secret out of it, however short, and knows which command had it', async () => {
    const params = {
      threadId: 'n',
      turnId: 'T',
      itemId: 'i',
      questions: [{ id: 'pin', header: 'h', question: 'q', isSecret: true }],
    };
    const asking = line({ id: 0, method: 'item/tool/requestUserInput', params });
    const echo = line({ method: 'warning', params: { threadId: 'n', message: 'answers' } });
    const { recorder, fake } = record({ 'turn/start': [{ raw: [asking] }, { raw: [echo] }] });
    const thread = await fake.open();
    thread.send('hello');
    const request = await thread.request();
    const answer = { answers: { pin: ['answers'] } };
    const { requestId } = request;
    recorder.noteCommand({ type: 'request.respond', threadId: thread.threadId, requestId, ...answer });
    thread.answer(request, answer, { answers: { pin: ['[secret]'] } });
    thread.send('again');
    await until(() => formatRecording(recorder.recording()).includes('"method":"warning"'));
    await fake.adapter.dispose();
    const kept = readBack(recorder).lines.filter(
      (each) => JSON.stringify(each).includes('[secret]') || JSON.stringify(each).includes('"answers"]'),
    );
    expect(kept).toEqual([
      expect.objectContaining({
        command: expect.objectContaining({ answers: { pin: ['[secret]'] } }),
      }),
      expect.objectContaining({
        kind: 'out',
        frame: { id: 0, result: { answers: { pin: { answers: ['[secret]'] } } } },
      }),
      expect.objectContaining({
        kind: 'in',
        frame: { method: 'warning', params: { threadId: 'n', message: '[secret]' } },
      }),
    ]);
    // the protocol log neither
    const logged = fake.harness.frames.filter(isOut).map(({ frame }) => frame);
    expect(logged.filter((frame) => frame.includes('"answers":["answers"]'))).toEqual([]);
    expect(logged).toContain('{"id":0,"result":{"answers":{"pin":{"answers":["[secret]"]}}}}');
  });

  it('leaves the adapter as it is', async () => {
    const [plain, recorded] = [new FakeCodex(), record().fake];
    for (const fake of [plain, recorded]) {
      const thread = await fake.open();
      thread.send('hello');
      await fake.harness.awaitReport(thread.threadId, 'provider.turnAccepted');
      await thread.close();
      await fake.adapter.dispose();
    }
    const types = (fake: FakeCodex) => fake.harness.reports.map(({ input }) => input.type);
    expect(types(recorded)).toEqual(types(plain));
    expect(recorded.harness.instanceReports).toEqual(plain.harness.instanceReports);
    expect(recorded.adapter.capabilities).toEqual(plain.adapter.capabilities);
  });

  it('ends what it recorded when it is aborted, and leaves a file that can be read and played', async () => {
    const abort = new AbortController();
    const { recorder, fake } = record({}, { signal: abort.signal }, STUBBORN);
    fake.start();
    await until(() => formatRecording(recorder.recording()).includes('ready'));
    const [row] = [...fake.harness.rows.values()];
    const pid = row?.pid ?? 0;
    expect(await processStartTime(pid)).toBe(row?.startTime);
    abort.abort();
    await recorder.abort();
    expect(await processStartTime(pid)).toBeNull();
    expect(fake.harness.rows.size).toBe(0);
    const recording = readBack(recorder);
    expect(recording.lines.at(-1)).toMatchObject({ kind: 'exit', signal: 'SIGKILL' });
    const clock = new TestClock();
    const tape = new Tape(recording, { protocol: TINY_PROTOCOL, clock, scale: 1 });
    const heard: string[] = [];
    const process = tape.spawn(
      { args: [] },
      {
        onStdout: (bytes) => void heard.push(Buffer.from(bytes).toString()),
        onStderr: () => {},
        onExit: () => {},
      },
    );
    process.write('{"id":1,"method":"initialize"}\n');
    clock.advance(10_000);
    expect(heard).toEqual(['ready\n']);
  });

  it('has an end of a process that never ran', async () => {
    const { recorder, fake } = record({}, {}, '/nowhere/codex');
    fake.start();
    await fake.harness.awaitInstance('process.failed');
    expect(readBack(recorder).lines.at(-1)).toMatchObject({
      kind: 'exit',
      code: null,
      error: { code: 'ENOENT' },
    });
  });
});

const isOut = ({ direction }: { direction: string }): boolean => direction === 'out';
