import { describe, expect, it } from 'vitest';
import {
  launchMode,
  launchSpec,
  mayBypass,
  sessionSpec,
  VERSIONS,
} from '../../../../adapters/claude/launch.ts';
import { judgeVersion, versionIn } from '../../../../adapters/shared/launch.ts';
import { instanceIdSchema } from '../../../../machines/domain/ids.ts';
import type { Settings } from '../../../../machines/domain/settings.ts';

const instanceId = instanceIdSchema.parse('claude');
const instance = { instanceId, driver: 'claude', command: null, env: { MINE: '1' } };
const SETTINGS: Settings = {
  title: '',
  cwd: '/work',
  instanceId,
  model: 'opus',
  options: { effort: 'high' },
  runtimeMode: 'approval-required',
  policy: {},
  interactionMode: 'default',
  deliveryMode: 'streaming',
};

it('takes claude from the path, and hides from it the claude that the server runs in', () => {
  const spec = launchSpec(instance, { PATH: '/bin', CLAUDECODE: '1', CLAUDE_CODE_ENTRYPOINT: 'cli' });
  expect(spec.command).toBe('claude');
  expect(spec.env).toMatchObject({ PATH: '/bin', MINE: '1', CLAUDE_CODE_ENABLE_TODO_TOOLS: '1' });
  expect(spec.env['CLAUDECODE']).toBeUndefined();
  expect(spec.env['CLAUDE_CODE_ENTRYPOINT']).toBeUndefined();
});

it('gives claude the arguments and the home of the instance', () => {
  const own = { ...instance, args: ['--mcp-config=/m.json'], home: '/home/work' };
  const spec = launchSpec(own, { CLAUDE_CONFIG_DIR: '/y' });
  expect(spec.env['CLAUDE_CONFIG_DIR']).toBe('/home/work');
  const { args } = sessionSpec(spec, { sessionId: 'id', beginning: { kind: 'new' }, settings: SETTINGS });
  expect(args.indexOf('--mcp-config=/m.json')).toBeLessThan(args.indexOf('--session-id=id'));
  expect(args[0]).toBe('--print');
});

it('begins a session or goes on with one, with all its settings', () => {
  const spec = launchSpec(instance, { IS_SANDBOX: '1' });
  const fresh = sessionSpec(spec, { sessionId: 'id', beginning: { kind: 'new' }, settings: SETTINGS });
  expect(fresh.cwd).toBe('/work');
  expect(fresh.args).toEqual(
    expect.arrayContaining(['--session-id=id', '--permission-mode=default', '--model=opus', '--effort=high']),
  );
  const settings: Settings = { ...SETTINGS, model: null, options: {}, runtimeMode: 'full-access' };
  const again = sessionSpec(spec, { sessionId: 'id', beginning: { kind: 'resume' }, settings });
  expect(again.args).toEqual(
    expect.arrayContaining([
      '--resume=id',
      '--permission-mode=bypassPermissions',
      '--allow-dangerously-skip-permissions',
    ]),
  );
  expect(again.args.join(' ')).not.toMatch(/--model|--effort|--session-id/);
});

it('does not ask claude to bypass permissions where it refuses to run like that', () => {
  const isRoot = process.getuid?.() === 0;
  expect(mayBypass({})).toBe(!isRoot);
  expect(mayBypass({ IS_SANDBOX: '1' })).toBe(true);
  expect(launchMode('bypassPermissions', {})).toBe(isRoot ? 'acceptEdits' : 'bypassPermissions');
  expect(launchMode('plan', {})).toBe('plan');
});

describe('versions', () => {
  it.each([
    ['2.1.329', 'tested'],
    ['2.1.197', 'tested'],
    ['2.1.250', 'untested'],
    ['3.0.0', 'untested'],
    ['2.1.196', 'tooOld'],
    ['1.9.999', 'tooOld'],
    [null, 'untested'],
  ] as const)('%s is %s', (version, verdict) => {
    expect(judgeVersion(VERSIONS, version)).toBe(verdict);
  });

  it('are read from what claude prints', () => {
    expect(versionIn('2.1.329 (Claude Code)\n')).toBe('2.1.329');
    expect(versionIn('nonsense')).toBeNull();
  });
});
