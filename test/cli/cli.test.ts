import { writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { EXIT_CODES } from '../../server/cli/exit-codes.ts';
import { CliRun as Run } from '../helpers/cli-run.ts';
import { startServer } from '../helpers/start-server.ts';
import { until } from '../helpers/until.ts';

test('send creates a thread, streams the answer and ends with the turn', async () => {
  const server = await startServer();
  const run = new Run(server, ['send', 'hello world']);
  expect(await run.code).toBe(EXIT_CODES.ok);
  expect(run.out).toBe('hello\nworld\n');
  expect(run.err).toMatch(/^thread \S+\n/);
});

test('send tells how to answer an approval, and goes on when it is answered', async () => {
  const server = await startServer();
  const run = new Run(server, ['send', 'before ask after']);
  await until(() => run.err.includes('threadchart answer'), { describe: () => run.err });
  const [, thread = '', request = ''] = /threadchart answer (\S+) (\S+)/.exec(run.err) ?? [];
  const wrong = new Run(server, ['answer', thread, request, 'perhaps']);
  expect(await wrong.code).toBe(EXIT_CODES.usage);
  expect(wrong.err).toContain('expected one of accept');
  const answer = new Run(server, ['answer', thread, request, 'accept']);
  expect(await answer.code).toBe(EXIT_CODES.ok);
  expect(await run.code).toBe(EXIT_CODES.ok);
  expect(run.out).toBe('before\nafter\n');
  const late = new Run(server, ['answer', thread, request, 'accept']);
  expect(await late.code).toBe(EXIT_CODES.refused);
  expect(late.err).toContain('closed');
});

test('a question is answered by its text', async () => {
  const server = await startServer();
  const run = new Run(server, ['send', 'question done']);
  await until(() => run.err.includes('threadchart answer'), { describe: () => run.err });
  const [, thread = '', request = ''] = /threadchart answer (\S+) (\S+)/.exec(run.err) ?? [];
  const none = new Run(server, ['answer', thread, request, 'blue', 'green']);
  expect(await none.code).toBe(EXIT_CODES.usage);
  expect(await new Run(server, ['answer', thread, request, 'blue']).code).toBe(EXIT_CODES.ok);
  expect(await run.code).toBe(EXIT_CODES.ok);
});

test('a turn that fails is an exit code of its own', async () => {
  const server = await startServer();
  const run = new Run(server, ['send', 'fail']);
  expect(await run.code).toBe(EXIT_CODES.turnFailed);
  expect(run.err).toContain('[failed] the model failed');
});

test('stop interrupts what runs', async () => {
  const server = await startServer();
  const run = new Run(server, ['send', 'wait']);
  await until(() => /^thread \S+/.test(run.err), { describe: () => run.err });
  const thread = /^thread (\S+)/.exec(run.err)?.[1] ?? '';
  await until(() => server.provider().connectionIds.length > 0, { describe: () => 'a session' });
  expect(await new Run(server, ['stop', thread]).code).toBe(EXIT_CODES.ok);
  expect(await run.code).toBe(EXIT_CODES.turnFailed);
  expect(run.err).toContain('[interrupted]');
});

test('--json gives one document per event', async () => {
  const server = await startServer();
  const run = new Run(server, ['send', 'hello', '--json']);
  expect(await run.code).toBe(EXIT_CODES.ok);
  const events = run.out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { fact: { type: string } });
  expect(events.map((event) => event.fact.type)).toEqual(
    expect.arrayContaining(['turn.began', 'item.delta', 'turn.ended']),
  );
  expect(run.err).toBe('');
});

test('an unknown thread is refused by the server', async () => {
  const server = await startServer();
  const run = new Run(server, ['send', 'hello', '--thread', 'nobody']);
  expect(await run.code).toBe(EXIT_CODES.refused);
  expect(run.err).toContain('nobody');
});

test('a missing server and a wrong token are told apart', async () => {
  const server = await startServer();
  const wrong = new Run(server, ['send', 'hello', '--token', 'wrong']);
  expect(await wrong.code).toBe(EXIT_CODES.unauthorized);
  await server.running().stop(0);
  const none = new Run(server, ['send', 'hello']);
  expect(await none.code).toBe(EXIT_CODES.unreachable);
  expect(none.err).toContain('threadchart serve');
  const json = new Run(server, ['ls', '--json']);
  expect(await json.code).toBe(EXIT_CODES.unreachable);
  expect(JSON.parse(json.out)).toMatchObject({ error: { code: 'CONNECTION_LOST' } });
});

test('tokens are made, listed and revoked', async () => {
  const server = await startServer();
  const made = new Run(server, ['token', 'create', 'phone', '--scopes', 'read', '--json']);
  expect(await made.code).toBe(EXIT_CODES.ok);
  const { token, tokenId } = JSON.parse(made.out) as { token: string; tokenId: string };
  const send = new Run(server, ['send', 'hello', '--token', token]);
  expect(await send.code).toBe(EXIT_CODES.unauthorized);
  const list = new Run(server, ['token', 'list']);
  expect(await list.code).toBe(EXIT_CODES.ok);
  expect(list.out).toContain(tokenId);
  expect(list.out).not.toContain(token);
  expect(await new Run(server, ['token', 'revoke', tokenId]).code).toBe(EXIT_CODES.ok);
  expect(await new Run(server, ['token', 'revoke', tokenId]).code).toBe(EXIT_CODES.usage);
});

test('doctor starts each agent once and says what it found', async () => {
  const server = await startServer();
  server.world.faults.process = 'missing';
  const config = `${server.config.data}/doctor.json`;
  writeFileSync(
    config,
    JSON.stringify({
      instances: [
        { instanceId: 'a', driver: 'scripted' },
        { instanceId: 'b', driver: 'nobody' },
      ],
    }),
  );
  const run = new Run(server, ['doctor', '--config', config]);
  expect(await run.code).toBe(EXIT_CODES.notReady);
  expect(run.out).toContain('✗  a  it does not start');
  expect(run.out).toContain('✗  b  there is no driver nobody');
});

test('doctor says what is wrong with an entry, and minds none that is turned off', async () => {
  const server = await startServer();
  const config = `${server.config.data}/doctor.json`;
  const off = { instanceId: 'off', driver: 'scripted', enabled: false };
  const doctor = (instances: readonly object[]): Run => {
    writeFileSync(config, JSON.stringify({ instances }));
    return new Run(server, ['doctor', '--config', config]);
  };
  const bad = doctor([
    off,
    { instanceId: 'bad', driver: 'scripted', cmd: 1 },
    { instanceId: 'args', driver: 'scripted', args: ['x'] },
  ]);
  expect(await bad.code).toBe(EXIT_CODES.notReady);
  expect(bad.out).toContain('–  off  disabled');
  expect(bad.out).toMatch(/✗ {2}bad {2}entry 2 of `instances`: .*cmd/);
  expect(bad.out).toContain('✗  args  the driver scripted takes no `args`');
  expect(await doctor([off]).code).toBe(EXIT_CODES.ok);
});

test.each([
  [['dance'], "unknown command 'dance'"],
  [['ls', '--bogus'], "unknown option '--bogus'"],
  [['serve', '--port', '99999'], 'a port is 0 to 65535'],
  [['send', '  '], 'the prompt is empty'],
  [['ls', '--url', 'nonsense'], 'nonsense is no URL'],
  [['token'], "unknown option '--json'"],
])('a wrong command line is a usage error, told to programs too: %j', async (argv, why) => {
  const server = await startServer();
  const { url } = argv.includes('--url') ? { url: 'nonsense' } : server;
  const forPeople = new Run(server, argv, { url });
  expect(await forPeople.code).toBe(EXIT_CODES.usage);
  expect(forPeople.err).not.toBe('');
  const forPrograms = new Run(server, [...argv, '--json'], { url });
  expect(await forPrograms.code).toBe(EXIT_CODES.usage);
  expect(JSON.parse(forPrograms.out)).toMatchObject({
    error: { code: 'INVALID_PARAMS', message: expect.stringContaining(why) },
  });
  expect(forPrograms.err).toBe('');
});

test('an answer that does not arrive is told', async () => {
  const server = await startServer();
  server.world.faults.answer = 'fail';
  const run = new Run(server, ['send', 'ask after']);
  await run.says('threadchart answer');
  const [, thread = '', request = ''] = /threadchart answer (\S+) (\S+)/.exec(run.err) ?? [];
  const answer = new Run(server, ['answer', thread, request, 'accept']);
  expect(await answer.code).toBe(EXIT_CODES.refused);
  expect(answer.err).toContain('(ANSWER_UNDELIVERED)');
  delete server.world.faults.answer;
  expect(await new Run(server, ['answer', thread, request, 'accept']).code).toBe(EXIT_CODES.ok);
  expect(await run.code).toBe(EXIT_CODES.ok);
});

test('the command that answers leads to the same server', async () => {
  const server = await startServer();
  const run = new Run(server, ['send', 'ask after']);
  await run.says('threadchart answer');
  expect(run.err).toContain(
    ` accept --data ${server.config.data} --url ${server.url}  (or acceptForSession,`,
  );
  run.pressCtrlC();
  await run.code;
});

test('a folder that another server uses, and a port that is taken, are told', async () => {
  const server = await startServer();
  const locked = new Run(server, ['serve', '--port', '0']);
  expect(await locked.code).toBe(EXIT_CODES.inUse);
  expect(locked.err).toContain('(STORE_LOCKED)');
  const other = await startServer();
  await other.running().stop(0);
  const taken = new Run(other, ['serve', '--port', String(server.config.port)]);
  expect(await taken.code).toBe(EXIT_CODES.inUse);
  expect(taken.err).toContain('--port takes another one');
});

test('the release is printed', async () => {
  const run = new Run(await startServer(), ['--version']);
  expect(await run.code).toBe(EXIT_CODES.ok);
  expect(run.out).toBe('1.2.3\n');
});

test.each(['0.0.0.0', '::', 'desk.example'])('serve --host %s needs --allow-insecure', async (host) => {
  const server = await startServer();
  const run = new Run(server, ['serve', '--host', host, '--port', '0']);
  expect(await run.code).toBe(EXIT_CODES.usage);
  expect(run.err).toContain(`${host} is not loopback`);
  expect(run.err).toContain('--allow-insecure');
  expect(run.out).toBe('');
});
