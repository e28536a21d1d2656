import { expect, it, onTestFinished } from 'vitest';
import { z } from 'zod';
import { JsonRpcProcess, type LoggedMessage } from '../../../../adapters/shared/json-rpc-process.ts';
import { instanceIdSchema } from '../../../../machines/domain/ids.ts';
import { ProviderHarness } from '../../../helpers/provider-harness.ts';
import { until } from '../../../helpers/until.ts';

/** Says the lines, and what it is told again as a notification `heard`. */
const echo = (lines: readonly string[]): string => `
  for (const line of ${JSON.stringify(lines)}) console.log(line);
  require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => {
    const { id, method, error } = JSON.parse(line);
    if (method !== undefined) console.log(JSON.stringify({ id, result: method }));
    console.log(JSON.stringify({ method: 'heard', params: { id, method, error } }));
  });`;

function start(lines: readonly string[], take: (message: LoggedMessage) => void = () => {}) {
  const host = new ProviderHarness();
  const heard: LoggedMessage[] = [];
  const process: JsonRpcProcess = new JsonRpcProcess(
    {
      instanceId: instanceIdSchema.parse('echo'),
      command: globalThis.process.execPath,
      args: ['-e', echo(lines)],
      env: globalThis.process.env,
    },
    {
      host,
      name: 'echo',
      onNotification: (message) => void heard.push(message),
      onRequest: (_, message) => take(message),
      onExit: () => {},
    },
  );
  onTestFinished(() => process.end(true));
  return { host, heard, process };
}

it('says no to a request that cannot be handled, so that the other side goes on', async () => {
  const { host, heard } = start(['{"id":7,"method":"odd","params":{}}'], () => {
    throw new Error('no idea');
  });
  await until(() => heard[0], { describe: 'the answer' });
  expect(heard[0]?.params).toEqual({
    id: 7,
    error: { code: -32_603, message: 'the request could not be handled' },
  });
  expect(host.warnings).toEqual([
    {
      message: 'a frame of echo could not be handled',
      details: { method: 'odd', rawRef: 'log:1', error: 'Error: no idea' },
    },
  ]);
});

it('takes what follows an answer when whoever asked has acted on it', async () => {
  const { heard, process } = start([]);
  const answer = await process.request({
    method: 'ask',
    params: {},
    answer: z.literal('ask'),
    timeoutMs: 10_000,
  });
  expect([answer, heard]).toEqual(['ask', []]);
  await until(() => heard[0], { describe: 'what followed' });
  expect(heard[0]?.params).toEqual({ id: 1, method: 'ask' });
});

it('tells of a line that is no message, and goes on', async () => {
  const { host, heard } = start(['what?', '{"method":"next"}']);
  await until(() => heard[0], { describe: 'the next one' });
  expect(heard[0]).toMatchObject({ method: 'next', rawRef: 'log:2' });
  expect(host.warnings).toEqual([
    {
      message: 'echo sent a line that is no message',
      details: { reason: 'not a JSON object', line: 'what?' },
    },
  ]);
});
