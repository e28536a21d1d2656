import { homedir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { hostSpec } from '../../../../adapters/cursor-sdk/launch.ts';
import { policyFor, unmetPolicy } from '../../../../adapters/cursor-sdk/policy.ts';
import { reportOf } from '../../../../adapters/cursor-sdk/instance-report.ts';
import { defaultModel, modelFor, unknownOptions } from '../../../../adapters/cursor-sdk/requests.ts';
import { instanceIdSchema } from '../../../../machines/domain/ids.ts';
import type { InteractionMode, Policy, RuntimeMode } from '../../../../machines/domain/settings.ts';

interface Given {
  readonly policy?: Policy;
  readonly interactionMode?: InteractionMode;
}
const asked = (runtimeMode: RuntimeMode, { policy = {}, interactionMode = 'default' }: Given = {}) => ({
  runtimeMode,
  interactionMode,
  policy,
});

/** Whether it can change something, whether it is kept to the workspace, and whether its calls are looked at. */
function wish(runtimeMode: RuntimeMode, given: Given = {}): string {
  const { tools, sandbox, autoReview } = policyFor(asked(runtimeMode, given));
  if (tools !== null) expect(tools).not.toEqual(expect.arrayContaining(['shell']));
  return `${tools === null ? 'all' : 'looks'}${sandbox ? ' sandboxed' : ''}${autoReview ? ' reviewed' : ''}`;
}

describe('the settings of an agent', () => {
  it('follow the four modes: what a person would be asked about is not given to it', () => {
    expect(wish('approval-required')).toBe('looks sandboxed');
    expect(wish('auto-accept-edits')).toBe('all sandboxed');
    expect(wish('auto')).toBe('all sandboxed reviewed');
    expect(wish('full-access')).toBe('all');
    expect(wish('full-access', { interactionMode: 'plan' })).toBe('looks sandboxed');
  });

  it('let an explicit sandbox win', () => {
    expect(wish('full-access', { policy: { sandbox: 'read-only' } })).toBe('looks sandboxed');
    expect(wish('approval-required', { policy: { sandbox: 'full-access' } })).toBe('all');
  });

  it('promise nothing that the SDK cannot keep', () => {
    const unmet = (mode: RuntimeMode, policy: Policy) => unmetPolicy(asked(mode, { policy }));
    expect(unmet('auto', { approval: 'on-request' })).toMatch('no way to ask a person');
    expect(unmet('auto', { approval: 'never' })).toBeNull();
    expect(unmet('auto', { network: true })).toMatch('off the network');
    expect(unmet('auto', { network: false })).toBeNull();
    expect(unmet('full-access', { network: false })).toMatch('in its sandbox only');
    expect(unmet('full-access', { network: true })).toBeNull();
  });
});

describe('the process of the SDK', () => {
  it('is told where that is, and never takes it from a workspace', () => {
    const instanceId = instanceIdSchema.parse('cursor-sdk');
    const argsFor = (command: string | null) =>
      hostSpec({ instanceId, driver: 'cursor-sdk', command, env: {} }, {}).args.slice(1);
    expect(argsFor(null)).toEqual([]);
    expect(argsFor('/opt/cursor')).toEqual(['/opt/cursor']);
    expect(argsFor('~/cursor')).toEqual([join(homedir(), 'cursor')]);
    expect(argsFor('cursor')).toEqual([join(process.cwd(), 'cursor')]);
  });
});

describe('models', () => {
  const models = [
    { id: 'small', displayName: 'Small' },
    { id: 'auto', displayName: 'Auto', parameters: [{ id: 'effort', values: [{ value: 'low' }] }] },
  ];

  it('have a default of ours: cursor’s own choice, else the first', () => {
    expect([defaultModel(models), defaultModel(models.slice(0, 1)), defaultModel([])]).toEqual([
      'auto',
      'small',
      null,
    ]);
  });

  it('take the options that they have', () => {
    const settings = { model: null, options: { effort: 'low', speed: 2 } };
    expect(modelFor(settings, models)).toEqual({ id: 'auto', params: [{ id: 'effort', value: 'low' }] });
    expect(unknownOptions(settings, models)).toEqual(['speed']);
    expect(modelFor({ model: 'other', options: { effort: 'low' } }, models)).toEqual({
      id: 'other',
      params: [],
    });
    expect(modelFor({ model: null, options: {} }, [])).toBeNull();
  });

  it('are told with the account, and not where cursor did not answer', () => {
    const user = { value: { apiKeyName: 'key', userEmail: null } };
    expect(reportOf({ version: '1.0.32', user, models: { value: models } })).toEqual({
      version: '1.0.32',
      account: { label: 'key', plan: null },
      loginRequired: false,
      models: [
        { id: 'small', name: 'Small', isDefault: false, options: {} },
        { id: 'auto', name: 'Auto', isDefault: true, options: { effort: ['low'] } },
      ],
    });
    const problem = { problem: 'NetworkError' };
    expect(reportOf({ version: null, user: problem, models: problem })).toEqual({ models: [] });
  });
});
