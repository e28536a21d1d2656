import { describe, expect, it } from 'vitest';
import { launchSpec, PROGRAM, versionIn, VERSIONS } from '../../../../adapters/codex/launch.ts';
import { exitFailure, judgeVersion, spawnFailure } from '../../../../adapters/shared/launch.ts';
import { instanceIdSchema } from '../../../../machines/domain/ids.ts';

const instanceId = instanceIdSchema.parse('codex');

describe('launchSpec', () => {
  it('runs codex of PATH in the inherited environment, with what the instance adds', () => {
    const instance = { instanceId, driver: 'codex', command: null, env: { CODEX_HOME: '/x' } };
    expect(launchSpec(instance, { PATH: '/bin', CODEX_HOME: '/y' })).toEqual({
      instanceId,
      command: 'codex',
      args: ['app-server'],
      env: { PATH: '/bin', CODEX_HOME: '/x' },
    });
    expect(launchSpec({ ...instance, command: '/opt/codex' }, {}).command).toBe('/opt/codex');
  });

  it('gives it the arguments of the instance, and its home before all else', () => {
    const instance = { instanceId, driver: 'codex', command: null, env: { CODEX_HOME: '/x' } };
    const spec = launchSpec(
      { ...instance, args: ['-c', 'model="a"'], home: '/home/work' },
      { CODEX_HOME: '/y' },
    );
    expect(spec.args).toEqual(['app-server', '-c', 'model="a"']);
    expect(spec.env).toEqual({ CODEX_HOME: '/home/work' });
  });
});

describe('the version of codex', () => {
  it('is in its user agent', () => {
    expect(versionIn('threadchart/0.169.0 (Debian 12.0.0; x86_64) unknown (threadchart; 0.1.0)')).toBe(
      '0.169.0',
    );
    expect(versionIn('threadchart/0.170.0-alpha.1 (x)')).toBe('0.170.0-alpha.1');
    expect(versionIn('something else')).toBe(null);
  });

  it.each([
    ['0.169.0', 'tested'],
    ['0.169.1', 'untested'],
    ['0.170.0-alpha.1', 'untested'],
    ['1.0.0', 'untested'],
    ['0.168.9', 'tooOld'],
    ['0.9.0', 'tooOld'],
    [null, 'untested'],
  ])('judges %s %s', (version, verdict) => {
    expect(judgeVersion(VERSIONS, version)).toBe(verdict);
  });
});

describe('failures of the process', () => {
  const spec = { instanceId, command: 'codex', args: [], env: {} };

  it('does not try a missing program again', () => {
    const missing = Object.assign(new Error('spawn codex ENOENT'), { code: 'ENOENT' });
    expect(spawnFailure(spec, missing)).toMatchObject({ code: 'INSTANCE_UNAVAILABLE', retryable: false });
    expect(spawnFailure(spec, missing).message).toContain('codex (on PATH)');
    const busy = Object.assign(new Error('spawn codex EAGAIN'), { code: 'EAGAIN' });
    expect(spawnFailure(spec, busy)).toMatchObject({ retryable: true });
  });

  it('says how it ended and what it said, without secrets', () => {
    expect(exitFailure(PROGRAM, { code: null, signal: 'SIGKILL' })).toMatchObject({
      code: 'CONNECTION_LOST',
      message: 'codex app-server was ended by SIGKILL',
    });
    const { message } = exitFailure(
      PROGRAM,
      { code: 1, signal: null },
      'bad key sk-abcdefghijklmnop in config.toml\n',
    );
    expect(message).toBe('codex app-server ended with code 1: bad key [redacted] in config.toml');
  });
});
