import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { threadId } from '../../../helpers/journal-samples.ts';
import { openAsTool, setUpJournal, tempFolder, thrownBy } from '../../../helpers/sqlite-setup.ts';

const SCRIPT = fileURLToPath(new URL('../../../fixtures/use-journal.ts', import.meta.url));

/** Starts a process on the folder and waits for the first line that it says. */
async function startOther(
  mode: 'hold' | 'try',
  folder: string,
): Promise<{ child: ChildProcess; said: unknown }> {
  const child = spawn(process.execPath, [SCRIPT, mode, folder], { stdio: ['pipe', 'pipe', 'inherit'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  const [line] = await once(createInterface(child.stdout), 'line');
  return { child, said: JSON.parse(String(line)) };
}

describe('the lock of the data folder', () => {
  it('keeps a second server out until the first is killed, with nothing to clean up', async () => {
    const folder = tempFolder();
    const { child, said } = await startOther('hold', folder);
    expect(said).toEqual({ open: true });
    expect(thrownBy(() => setUpJournal({ folder }))).toMatchObject({ code: 'STORE_LOCKED' });

    child.kill('SIGKILL');
    await once(child, 'exit');
    const { journal } = setUpJournal({ folder });
    expect(journal.lastSequence()).toBe(3);
    expect(journal.readThread(threadId('a'), 0, { limit: 9, deltas: true })).toHaveLength(2);
    expect(journal.threadState(threadId('a'))?.row.id).toBe('a');
    expect(journal.epochs()).toMatchObject([
      { epoch: `epoch of ${child.pid}`, startedAt: 100, lastSequence: 3 },
      { lastSequence: 3 },
    ]);
  });

  it('is not lost by a second attempt of the process that holds it', async () => {
    const { folder } = setUpJournal();
    expect(thrownBy(() => setUpJournal({ folder })).code).toBe('STORE_LOCKED');
    const { said } = await startOther('try', folder);
    expect(said).toEqual({ code: 'STORE_LOCKED' });
  });

  it('is given back by closing', async () => {
    const { folder, journal } = setUpJournal();
    journal.close();
    const { said } = await startOther('try', folder);
    expect(said).toEqual({ code: null });
  });

  it('is given back when the database cannot be opened', () => {
    const folder = tempFolder();
    setUpJournal({ folder }).journal.close();
    const tool = openAsTool(folder);
    const version = Number(tool.prepare('pragma user_version').get()?.['user_version']);
    tool.exec('pragma user_version = 99');
    expect(thrownBy(() => setUpJournal({ folder })).code).toBe('STORE_TOO_NEW');
    tool.exec(`pragma user_version = ${version}`);
    expect(setUpJournal({ folder }).journal.epochs()).toHaveLength(2);
  });

  it('leaves the database readable to tools', async () => {
    const folder = tempFolder();
    await startOther('hold', folder);
    const tool = openAsTool(folder);
    const rows = tool.prepare('select sequence, stream, version, kind, machine_hash from journal').all();
    expect(rows.map((row) => ({ ...row }))).toEqual([
      { sequence: 1, stream: 'a', version: 1, kind: 'input', machine_hash: 'hash-1' },
      { sequence: 2, stream: 'a', version: 2, kind: 'delta', machine_hash: 'hash-1' },
      { sequence: 3, stream: 'codex', version: 1, kind: 'instance', machine_hash: 'hash-1' },
    ]);
  });
});
