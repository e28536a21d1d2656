import { expect, it } from 'vitest';
import { formatRecordingLine, parseRecording } from '../../adapters/replay/recording.ts';
import { createToken } from '../../server/http/tokens.ts';
import { statusChanged } from '../helpers/facts.ts';
import { startGateway, type StartedGateway } from '../helpers/start-gateway.ts';

const recordings = {
  formatLine: formatRecordingLine,
  redact: (text: string) => text.replaceAll('hunter2', '[redacted]'),
};

const ask = (gateway: StartedGateway, query: string, { token = gateway.token, method = 'GET' } = {}) =>
  fetch(`${gateway.url}/api/recording?${query}`, { method, headers: { authorization: `Bearer ${token}` } });

async function startLong(): Promise<StartedGateway> {
  const gateway = await startGateway({ recordings });
  gateway.runtime.create('t1', 'about hunter2');
  for (let count = 0; count < 250; count += 1) gateway.runtime.commit('t1', statusChanged('ready'));
  return gateway;
}

const versionsIn = (text: string): number[] =>
  parseRecording(text, 'it').lines.flatMap((line) => (line.kind === 'entry' ? [line.entry.version] : []));

const upTo = (last: number): number[] => Array.from({ length: last }, (_, index) => index + 1);

it('gives out a whole thread as a recording, without secrets', async () => {
  const gateway = await startLong();
  const response = await ask(gateway, 'threadId=t1');
  const text = await response.text();
  const { length } = gateway.runtime.thread('t1' as never).entries;
  expect(versionsIn(text)).toEqual(upTo(length));
  expect(parseRecording(text, 'it').header.title).toBe('about [redacted]');
  expect(text).not.toContain('hunter2');
  expect(response.headers.get('content-disposition')).toBe(`attachment; filename="t1-${length}.ndjson"`);
});

it('ends it at the entry that is asked for, in the first page or a later one', async () => {
  const gateway = await startLong();
  const { entries } = gateway.runtime.thread('t1' as never);
  for (const version of [3, 200, 230]) {
    const response = await ask(gateway, `threadId=t1&until=${entries[version - 1]?.sequence}`);
    expect(versionsIn(await response.text())).toEqual(upTo(version));
  }
});

it('says only that it is there to who asks for the head', async () => {
  const gateway = await startLong();
  const response = await ask(gateway, 'threadId=t1', { method: 'HEAD' });
  expect([response.status, await response.text()]).toEqual([200, '']);
});

it.each([
  ['threadId=nobody', 404],
  ['', 400],
  ['threadId=t1&until=0', 400],
  ['threadId=t1&more=1', 400],
])('refuses %j', async (query, status) => {
  const gateway = await startLong();
  expect((await ask(gateway, query)).status).toBe(status);
});

it('needs scope admin, and somebody who knows how recordings look', async () => {
  const gateway = await startLong();
  const given: Parameters<typeof createToken>[1] = { name: 'r', scopes: ['read', 'operate'], createdAt: 0 };
  const { token } = createToken(gateway.dataFolder, given);
  expect((await ask(gateway, 'threadId=t1', { token })).status).toBe(403);
  expect((await ask(gateway, 'threadId=t1', { token: 'wrong' })).status).toBe(401);
  const without = await startGateway();
  expect((await ask(without, 'threadId=t1')).status).toBe(404);
});
