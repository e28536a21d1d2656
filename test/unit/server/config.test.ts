import { writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { dataFolder, loadConfig } from '../../../server/config.ts';
import { makeTempFolder } from '../../helpers/temp-folder.ts';

let data = '';
beforeEach(() => {
  const folder = makeTempFolder();
  data = folder.path;
  onTestFinished(() => folder.remove());
});

const writeConfig = (text: string, name = 'config.json'): string => {
  const path = join(data, name);
  writeFileSync(path, text);
  return path;
};

test('has codex, claude, opencode and the demo on loopback where nothing is configured', () => {
  const config = loadConfig({ data }, {});
  expect(config).toMatchObject({ host: '127.0.0.1', port: 4747, durability: 'process', data });
  expect(config.instances.map(({ instanceId, driver }) => [instanceId, driver])).toEqual([
    ['codex', 'codex'],
    ['claude', 'claude'],
    ['opencode', 'opencode'],
    ['demo', 'replay'],
  ]);
  expect(Object.isFrozen(config)).toBe(true);
});

test('takes a flag before the environment, that before the file, that before the default', () => {
  writeConfig(JSON.stringify({ port: 1, deltaWindowMs: 1, logLevel: 'error' }));
  const env = { THREADCHART_PORT: '2', THREADCHART_LOG_LEVEL: 'warn' };
  expect(loadConfig({ data }, {})).toMatchObject({ port: 1, deltaWindowMs: 1, logLevel: 'error' });
  expect(loadConfig({ data }, env)).toMatchObject({ port: 2, deltaWindowMs: 1, logLevel: 'warn' });
  expect(loadConfig({ data, port: 3 }, env)).toMatchObject({ port: 3, logLevel: 'warn' });
});

test('takes the data folder from the flag, else from the environment', () => {
  expect(dataFolder({ data: '/a' }, { THREADCHART_HOME: '/b' })).toBe('/a');
  expect(dataFolder({}, { THREADCHART_HOME: '/b' })).toBe('/b');
  expect(dataFolder({}, {})).toMatch(/\.threadchart$/);
});

test.each([
  ['an unknown key', '{"prot": 1}', 'prot'],
  ['a wrong type', '{"port": "many"}', 'port'],
  ['a port out of range', '{"port": 70000}', 'port'],
  ['a file that is no JSON', '{', 'cannot be read'],
  ['instances that are no list', '{"instances": {}}', 'instances'],
])('refuses %s and names it', (_, text, named) => {
  writeConfig(text);
  expect(() => loadConfig({ data }, {})).toThrow(
    expect.objectContaining({ code: 'INVALID_PARAMS', message: expect.stringContaining(named) }),
  );
});

const read = (instances: readonly unknown[]) => {
  writeConfig(JSON.stringify({ instances }));
  return loadConfig({ data }, {}).instances.map(({ instanceId, driver, problem }) => ({
    instanceId,
    driver,
    problem,
  }));
};

test('keeps a bad entry with its problem, and the others as they are', () => {
  const good = { instanceId: 'good', driver: 'codex' };
  expect(read([{ instanceId: 'bad', driver: 'codex', cmd: 'x' }, good, 7, { driver: 'claude' }])).toEqual([
    { instanceId: 'bad', driver: 'codex', problem: expect.stringMatching(/entry 1 .*cmd/s) },
    { ...good, problem: undefined },
    { instanceId: 'entry-3', driver: 'unknown', problem: expect.stringMatching(/entry 3 .*object/s) },
    { instanceId: 'entry-4', driver: 'claude', problem: expect.stringMatching(/entry 4 .*instanceId/s) },
  ]);
});

test('takes the first of two entries of one name, and a good one before a bad one', () => {
  const a = { instanceId: 'a', driver: 'codex' };
  const found = read([{ instanceId: 'a', driver: 1 }, a, { ...a, driver: 'claude' }]);
  expect(found).toEqual([
    { instanceId: 'a-1', driver: 'unknown', problem: expect.stringContaining('driver') },
    { ...a, problem: undefined },
    { instanceId: 'a-3', driver: 'claude', problem: expect.stringContaining('another one is called a') },
  ]);
  expect(read([a, a, { ...a, instanceId: 'a-2' }]).map(({ instanceId }) => instanceId)).toEqual([
    'a',
    'a-2-2',
    'a-2',
  ]);
});

test('takes all keys of an instance', () => {
  const entry = { instanceId: 'a', driver: 'codex', args: ['-c', 'x=1'], home: '~/.codex-work', model: 'm' };
  writeConfig(JSON.stringify({ instances: [entry] }));
  expect(loadConfig({ data }, {}).instances).toEqual([
    { ...entry, home: join(homedir(), '.codex-work'), enabled: true, command: null, env: {} },
  ]);
  expect(read([{ ...entry, home: 'relative' }])[0]?.problem).toContain('absolute path');
});

test('has the protocol log on, unless the file or the flag says otherwise', () => {
  expect(loadConfig({ data }, {}).protocolLog).toBe(true);
  expect(loadConfig({ data, protocolLog: false }, {}).protocolLog).toBe(false);
  writeConfig('{"protocolLog": false}');
  expect(loadConfig({ data, protocolLog: true }, {}).protocolLog).toBe(false);
});

test('refuses a configuration file that was asked for and is not there', () => {
  const config = join(data, 'none.json');
  expect(() => loadConfig({ data, config }, {})).toThrow(expect.objectContaining({ code: 'INVALID_PARAMS' }));
});

test.each(['0.0.0.0', '192.168.1.2', 'desk.example', '127.0.0.1.example'])(
  'refuses to listen on %s unless told that it is meant',
  (host) => {
    expect(() => loadConfig({ data, host }, {})).toThrow('not loopback');
    expect(loadConfig({ data, host, allowInsecure: true }, {}).host).toBe(host);
  },
);

test.each(['127.0.0.1', 'localhost', '::1', '127.1.2.3'])('listens on %s', (host) => {
  expect(loadConfig({ data, host }, {}).host).toBe(host);
});
