import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { ConfigWatch } from '../../../server/config-watch.ts';
import { loadConfig, type Config } from '../../../server/config.ts';
import { systemClock, type Clock } from '../../../server/runtime/clock.ts';
import { makeTempFolder } from '../../helpers/temp-folder.ts';
import { TestClock } from '../../helpers/test-clock.ts';
import { until } from '../../helpers/until.ts';

let data = '';
let path = '';
beforeEach(() => {
  const folder = makeTempFolder();
  data = join(folder.path, 'data');
  mkdirSync(data);
  path = join(data, 'config.json');
  onTestFinished(() => folder.remove());
});

const save = (value: unknown): void => writeFileSync(path, JSON.stringify(value));
const withInstance = (instanceId: string, more = {}) => ({
  instances: [{ instanceId, driver: 'codex' }],
  ...more,
});

interface Watched {
  readonly watch: ConfigWatch;
  readonly applied: Config[];
  readonly logged: string[];
  readonly notices: () => readonly string[];
  readonly names: () => readonly string[];
}

function start(clock: Clock = systemClock): Watched {
  const applied: Config[] = [];
  const logged: string[] = [];
  let notices: readonly string[] = [];
  const say = (details: Record<string, unknown>, message: string): void =>
    void logged.push(`${message} ${JSON.stringify(details)}`);
  const load = (): Config => loadConfig(existsSync(path) ? { data, config: path } : { data }, {});
  const watch = new ConfigWatch({
    path,
    load,
    config: load(),
    clock,
    log: { info: say, warn: say, error: say },
    apply: (config) => {
      applied.push(config);
      return Promise.resolve();
    },
    onNotices: (said) => void (notices = said),
  });
  onTestFinished(() => watch.stop());
  const names = (): string[] => (applied.at(-1)?.instances ?? []).map(({ instanceId }) => instanceId);
  return { watch, applied, logged, notices: () => notices, names };
}

/** The clock goes on until the file was looked at twice. */
async function looked(clock: TestClock, watch: ConfigWatch): Promise<void> {
  clock.advance(1_100);
  await watch.applied();
}

test('takes in what is written into the file', async () => {
  save(withInstance('a'));
  const clock = new TestClock();
  const { watch, names, applied } = start(clock);
  save(withInstance('b'));
  await looked(clock, watch);
  expect(names()).toEqual(['b']);
  await looked(clock, watch);
  expect(applied).toHaveLength(1);
});

test('takes in a file that is put in the place of the old one, one that was not there, and what a link leads to', async () => {
  const clock = new TestClock();
  const { watch, names } = start(clock);
  save(withInstance('a'));
  await looked(clock, watch);
  expect(names()).toEqual(['a']);
  const linked = join(data, 'linked.json');
  writeFileSync(linked, JSON.stringify(withInstance('b')));
  symlinkSync(linked, `${path}.new`);
  renameSync(`${path}.new`, path);
  await looked(clock, watch);
  expect(names()).toEqual(['b']);
  writeFileSync(linked, JSON.stringify(withInstance('c')));
  await looked(clock, watch);
  expect(names()).toEqual(['c']);
});

test('waits until a file that is saved in several steps is whole', async () => {
  save(withInstance('a'));
  const clock = new TestClock();
  const { watch, names, applied, notices } = start(clock);
  const text = JSON.stringify(withInstance('b'));
  for (let length = 0; length <= text.length; length += 5) {
    writeFileSync(path, text.slice(0, length));
    clock.advance(500);
  }
  writeFileSync(path, text);
  await looked(clock, watch);
  expect([names(), applied.length, notices()]).toEqual([['b'], 1, []]);
});

test('looks by itself, in real time', async () => {
  save(withInstance('a'));
  const { names } = start();
  save(withInstance('b'));
  await until(() => names().join() === 'b');
});

test('keeps what was in force while the file is broken, and says why until it is not', async () => {
  save(withInstance('a'));
  const { watch, applied, notices, names, logged } = start();
  for (const broken of ['', '{"instances": [{"inst', '[]', '7', 'null', '{"prot": 1}', '{"instances": 3}']) {
    writeFileSync(path, broken);
    await watch.reload();
    expect(applied).toEqual([]);
    expect(notices()).toEqual([expect.stringContaining('what was in force stays so')]);
  }
  expect(logged.join()).toContain('cannot be used');
  save(withInstance('b'));
  await watch.reload();
  expect([names(), notices()]).toEqual([['b'], []]);
});

test('does not take a file that is gone for the defaults', async () => {
  save(withInstance('a'));
  const { watch, applied, notices } = start();
  rmSync(path);
  await watch.reload();
  expect(applied).toEqual([]);
  expect(notices()).toEqual([expect.stringContaining('is gone')]);
});

test('says so when the file cannot be looked at', async () => {
  save(withInstance('a'));
  const clock = new TestClock();
  const { watch, applied, notices } = start(clock);
  rmSync(path);
  symlinkSync(path, path);
  await looked(clock, watch);
  expect(applied).toEqual([]);
  expect(notices()).toEqual([expect.stringContaining('what was in force stays so')]);
});

test('says which keys need a restart, and puts the others in force', async () => {
  save(withInstance('a'));
  const { watch, notices, names } = start();
  save(withInstance('b', { port: 1, logLevel: 'warn' }));
  await watch.reload();
  expect(names()).toEqual(['b']);
  expect(notices()).toEqual([
    'port has changed and needs a restart of the server',
    'logLevel has changed and needs a restart of the server',
  ]);
  save(withInstance('b'));
  await watch.reload();
  expect(notices()).toEqual([]);
});

test('does not mind a folder that is not there', async () => {
  const clock = new TestClock();
  path = join(data, 'none', 'config.json');
  const { watch, names, notices } = start(clock);
  await looked(clock, watch);
  expect(notices()).toEqual([]);
  mkdirSync(join(data, 'none'));
  save(withInstance('a'));
  await looked(clock, watch);
  expect(names()).toEqual(['a']);
});

test('says what went wrong when a change could not be put in force', async () => {
  save(withInstance('a'));
  const config = loadConfig({ data }, {});
  let notices: readonly string[] = [];
  const silent = { info: () => {}, warn: () => {}, error: () => {} };
  const watch = new ConfigWatch({
    path,
    load: () => config,
    config,
    clock: systemClock,
    log: silent,
    apply: () => Promise.reject(new Error('no')),
    onNotices: (said) => void (notices = said),
  });
  await watch.reload();
  await watch.stop();
  expect(notices).toEqual([expect.stringContaining('no')]);
});

test('does nothing any more once it has been stopped', async () => {
  save(withInstance('a'));
  const { watch, applied } = start();
  await watch.stop();
  save(withInstance('b'));
  await watch.reload();
  expect(applied).toEqual([]);
  expect(readFileSync(path, 'utf8')).toContain('"b"');
});
