import { expect, it } from 'vitest';
import { launchSpec, VERSIONS } from '../../../../adapters/opencode/launch.ts';
import { judgeVersion } from '../../../../adapters/shared/launch.ts';
import { instanceIdSchema } from '../../../../machines/domain/ids.ts';

const instance = {
  instanceId: instanceIdSchema.parse('opencode'),
  driver: 'opencode',
  command: null,
  env: { MINE: '1', OPENCODE_PERMISSION: '{"*":"allow"}' },
};

it('takes opencode from the path, and works in the home folder', () => {
  const spec = launchSpec(instance, { PATH: '/bin', HOME: '/home/me' });
  expect(spec).toMatchObject({ command: 'opencode', args: ['serve'], cwd: '/home/me' });
  expect(spec.env).toMatchObject({ PATH: '/bin', MINE: '1' });
});

it('makes sub-agents ask, whatever the environment says', () => {
  const rules: unknown = JSON.parse(launchSpec(instance, {}).env['OPENCODE_PERMISSION'] ?? '');
  expect(rules).toMatchObject({ '*': 'ask', read: 'allow', task: 'allow' });
});

it('gives an instance arguments and folders of its own', () => {
  const { args, env } = launchSpec({ ...instance, args: ['--print-logs'], home: '/homes/work' }, {});
  expect(args).toEqual(['serve', '--print-logs']);
  expect(env).toMatchObject({ XDG_DATA_HOME: '/homes/work/data', XDG_CONFIG_HOME: '/homes/work/config' });
});

it('knows the versions that were tested', () => {
  expect(['1.18.33', '1.19.0', '1.18.2'].map((version) => judgeVersion(VERSIONS, version))).toEqual([
    'tested',
    'untested',
    'tooOld',
  ]);
});
