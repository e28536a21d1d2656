import { describe, expect, test } from 'vitest';
import { EXIT_CODES } from '../../server/cli/exit-codes.ts';
import { CliRun } from '../helpers/cli-run.ts';
import { startServer, type TestServer } from '../helpers/start-server.ts';
import { until } from '../helpers/until.ts';

const threadOf = (run: CliRun): string => /thread (\S+)/.exec(run.err)?.[1] ?? '';
const send = (server: TestServer, text: string, ...more: string[]): CliRun =>
  new CliRun(server, ['send', text, ...more], { isTTY: true });
const performed = (server: TestServer) => server.world.performed.map(({ type }) => type);

describe('send on a terminal', () => {
  test('asks for a decision and goes on with it', async () => {
    const server = await startServer();
    const run = send(server, 'ask after');
    await run.says('[y]es [a]lways in this session [n]o [c]ancel the turn ? ');
    expect(run.err).toContain('may it run rm -rf build');
    run.type('perhaps');
    await run.says(/\? [^?]*\[y\]es[^?]*\? [^?]*\[y\]es/s);
    run.type('y');
    expect(await run.code).toBe(EXIT_CODES.ok);
    expect(server.world.performed).toContainEqual(
      expect.objectContaining({ type: 'request.answer', answer: { decision: 'accept' } }),
    );
    expect(run.signalListenerCount).toBe(0);
  });

  test.each([
    ['n', 'decline'],
    ['acceptForSession', 'acceptForSession'],
    [' C ', 'cancel'],
  ])('takes %s for %s', async (typed, decision) => {
    const server = await startServer();
    const run = send(server, 'ask after');
    await run.says('? ');
    run.type(typed);
    expect(await run.code).toBe(EXIT_CODES.ok);
    expect(server.world.performed).toContainEqual(expect.objectContaining({ answer: { decision } }));
  });

  test('asks one request after the other', async () => {
    const server = await startServer();
    const run = send(server, 'ask2 after');
    await run.says('[y]es');
    run.type('y');
    await run.says(/\[y\]es.*\[y\]es/s);
    run.type('n');
    expect(await run.code).toBe(EXIT_CODES.ok);
  });

  test('asks for the text of an answer, and not for nothing', async () => {
    const server = await startServer();
    const run = send(server, 'question after');
    await run.says('Colour: ');
    run.type('');
    await run.says(/Colour: .*Colour: /s);
    run.type('blue');
    expect(await run.code).toBe(EXIT_CODES.ok);
    expect(server.world.performed).toContainEqual(
      expect.objectContaining({ answer: { answers: { q1: ['blue'] } } }),
    );
  });

  test('takes the question back when somebody else answers', async () => {
    const server = await startServer();
    const run = send(server, 'ask after');
    await run.says('[y]es');
    const [, thread = '', request = ''] = /threadchart answer (\S+) (\S+)/.exec(run.err) ?? [];
    const other = new CliRun(server, ['answer', thread, request, 'accept']);
    expect(await other.code).toBe(EXIT_CODES.ok);
    expect(await run.code).toBe(EXIT_CODES.ok);
    run.type('n');
    expect(performed(server).filter((type) => type === 'request.answer')).toHaveLength(1);
  });

  test('lets the request stand when the input ends', async () => {
    const server = await startServer();
    const run = send(server, 'ask after');
    await run.says('[y]es');
    run.endInput();
    const [, thread = '', request = ''] = /threadchart answer (\S+) (\S+)/.exec(run.err) ?? [];
    expect(await new CliRun(server, ['answer', thread, request, 'accept']).code).toBe(EXIT_CODES.ok);
    expect(await run.code).toBe(EXIT_CODES.ok);
  });

  test('asks nobody without a terminal, or for programs', async () => {
    const server = await startServer();
    const piped = new CliRun(server, ['send', 'ask after']);
    await piped.says('threadchart answer');
    expect(piped.err).not.toContain('[y]es');
    const json = new CliRun(server, ['send', 'ask after', '--json'], { isTTY: true });
    await until(() => json.out.includes('request.opened'), { describe: () => json.out });
    expect(json.err).toBe('');
    for (const run of [piped, json]) {
      run.pressCtrlC();
      expect(await run.code).toBe(EXIT_CODES.turnFailed);
    }
  });
});

describe('a secret question', () => {
  const answered = (server: TestServer) =>
    server.world.performed.flatMap((effect) => (effect.type === 'request.answer' ? [effect.answer] : []));

  test('is answered without showing what is typed', async () => {
    const server = await startServer();
    const run = send(server, 'secret after');
    await run.says('User: ');
    expect(run.isRaw).toBe(false);
    run.type('ann');
    await run.says('Password: ');
    expect(run.isRaw).toBe(true);
    run.press('opennx');
    run.press('\u007F\b sesame\u001B\r');
    expect(await run.code).toBe(EXIT_CODES.ok);
    expect(run.isRaw).toBe(false);
    expect(answered(server)).toEqual([{ answers: { user: ['ann'], password: ['open sesame'] } }]);
    expect(run.err).not.toContain('sesame');
    expect(run.err).toContain(' TEXT - --data');
  });

  test('lets Ctrl-C interrupt the turn', async () => {
    const server = await startServer();
    const run = send(server, 'secret after');
    await run.says('User: ');
    run.type('ann');
    await run.says('Password: ');
    run.press('ope\u0003');
    expect(await run.code).toBe(EXIT_CODES.turnFailed);
    expect(run.isRaw).toBe(false);
  });

  test('can be answered from stdin, so that no history and no list of processes has it', async () => {
    const server = await startServer();
    const run = new CliRun(server, ['send', 'secret after']);
    await run.says('threadchart answer');
    const [, thread = '', request = ''] = /threadchart answer (\S+) (\S+)/.exec(run.err) ?? [];
    const missing = new CliRun(server, ['answer', thread, request, '-', '-']);
    missing.press('ann\n');
    missing.endInput();
    expect(await missing.code).toBe(EXIT_CODES.usage);
    const answer = new CliRun(server, ['answer', thread, request, '-', '-']);
    answer.press('ann\nopen sesame\n');
    answer.endInput();
    expect(await answer.code).toBe(EXIT_CODES.ok);
    expect(await run.code).toBe(EXIT_CODES.ok);
    expect(answered(server)).toEqual([{ answers: { user: ['ann'], password: ['open sesame'] } }]);
  });
});

describe('Ctrl-C', () => {
  test('interrupts the turn, whose end is the exit code', async () => {
    const server = await startServer();
    const run = send(server, 'hello wait');
    await until(() => run.out.includes('hello'), { describe: () => run.err });
    run.pressCtrlC();
    expect(await run.code).toBe(EXIT_CODES.turnFailed);
    expect(run.err).toContain('[interrupted] user');
    expect(performed(server)).toContain('turn.interrupt');
  });

  test('interrupts a turn that waits for an answer', async () => {
    const server = await startServer();
    const run = send(server, 'ask after');
    await run.says('[y]es');
    run.pressCtrlC();
    expect(await run.code).toBe(EXIT_CODES.turnFailed);
  });

  test('leaves at the second time, and the turn goes on', async () => {
    const server = await startServer();
    server.world.faults.interrupt = 'silent';
    const run = send(server, 'hello wait');
    await until(() => run.out.includes('hello'), { describe: () => run.err });
    run.pressCtrlC();
    await run.says('Ctrl-C again');
    run.pressCtrlC();
    expect(await run.code).toBe(EXIT_CODES.left);
    const client = await server.client();
    const { snapshot } = await client.call('orchestration.getThreadProjection', { threadId: threadOf(run) });
    expect(snapshot.thread.status).toBe('running');
  });

  test('says so when there is nothing to interrupt yet', async () => {
    const server = await startServer();
    const first = send(server, 'hello wait');
    await until(() => first.out.includes('hello'), { describe: () => first.err });
    const queued = send(server, 'later', '--thread', threadOf(first), '--mode', 'queue');
    await queued.says('[queued as');
    queued.pressCtrlC();
    await queued.says('[not interrupted]');
    queued.pressCtrlC();
    expect(await queued.code).toBe(EXIT_CODES.left);
  });

  test('counts before the server has named the turn', async () => {
    const server = await startServer();
    const run = send(server, 'hello wait');
    await until(() => run.signalListenerCount > 0);
    run.pressCtrlC();
    expect(await run.code).toBe(EXIT_CODES.turnFailed);
  });

  test('ends tail', async () => {
    const server = await startServer();
    const first = send(server, 'hello');
    expect(await first.code).toBe(EXIT_CODES.ok);
    const tail = new CliRun(server, ['tail', threadOf(first)], { isTTY: true });
    await until(() => tail.signalListenerCount > 0);
    tail.pressCtrlC();
    expect(await tail.code).toBe(EXIT_CODES.ok);
    expect(tail.signalListenerCount).toBe(0);
  });
});
