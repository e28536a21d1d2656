import { describe, expect, it } from 'vitest';
import { redact } from '../../../adapters/shared/redact.ts';
import type { ThreadEntry } from '../../../machines/domain/entry.ts';
import { replayEntries } from '../../../machines/replay.ts';
import { redactEntries } from '../../../server/redact-entries.ts';
import { startThread } from '../../helpers/server-runs.ts';
import { THREAD } from '../../helpers/start-runtime.ts';

const KEY = '-----BEGIN PRIVATE KEY-----\nverysecret1';
const SECRETS = ['verysecret1', 'verysecret2', 'verysecret3', 'verysecret4', 'verysecret5'];

/** A thread whose every prompt has a secret; steers are joined, so one secret ends in the midst of a text. */
async function entriesWithSecrets(): Promise<ThreadEntry[]> {
  const { run } = await startThread();
  await run.do({ type: 'thread.setTitle', title: 'Bearer verysecret2' });
  await run.do({ type: 'thread.setModel', model: null, options: { apiToken: 'verysecret3' } });
  run.world.faults.steer = 'silent';
  await run.submit('wait');
  await run.submit(`go left\n${KEY}`, { mode: 'steer' });
  await run.submit('and right API_KEY=verysecret4', { mode: 'steer' });
  run.pass(60_000);
  await run.submit('then sk-verysecret5', { mode: 'queue' });
  await run.do({ type: 'thread.stop' });
  return run.runtime.reads.entries(THREAD, 0, { limit: 1000, deltas: true }).entries;
}

describe('a redacted journal', () => {
  it('has no secret any more, and replays as it did', async () => {
    const entries = await entriesWithSecrets();
    for (const secret of SECRETS) expect(JSON.stringify(entries)).toContain(secret);
    expect(replayEntries(entries)).toEqual({ entryCount: entries.length, difference: null });
    const redacted = redactEntries(entries, redact);
    for (const secret of SECRETS) expect(JSON.stringify(redacted)).not.toContain(secret);
    expect(JSON.stringify(redacted)).toContain('[redacted]');
    expect(replayEntries(redacted)).toEqual({ entryCount: entries.length, difference: null });
    const places = (all: readonly ThreadEntry[]) => all.map(({ input: _, facts: __, ...place }) => place);
    expect(places(redacted)).toEqual(places(entries));
  });

  it('is unchanged where there is no secret', async () => {
    const { run } = await startThread();
    await run.submit('hello there');
    const { entries } = run.runtime.reads.entries(THREAD, 0, { limit: 1000, deltas: true });
    expect(redactEntries(entries, redact)).toEqual(entries);
  });

  it('goes on to differ where the journal does, and has no secret either', async () => {
    const entries = await entriesWithSecrets();
    const index = entries.findIndex(({ input }) => input.type === 'thread.setModel');
    const tampered = entries.map((entry, at) => (at === index ? { ...entry, facts: [] } : entry));
    const redacted = redactEntries(tampered, redact);
    const before = replayEntries(tampered).difference;
    expect(replayEntries(redacted).difference?.version).toBe(before?.version);
    expect(before?.version).toBe(entries[index]?.version);
    for (const secret of SECRETS) expect(JSON.stringify(redacted)).not.toContain(secret);
  });
});
