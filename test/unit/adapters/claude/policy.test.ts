import { expect, it } from 'vitest';
import { ruledAnswer } from '../../../../adapters/claude/approvals.ts';
import { policyFor, unmetPolicy } from '../../../../adapters/claude/policy.ts';
import type { Policy, RuntimeMode } from '../../../../machines/domain/settings.ts';

const of = (runtimeMode: RuntimeMode, policy: Policy = {}) => {
  const { permissionMode, asks } = policyFor({ runtimeMode, interactionMode: 'default', policy });
  return `${permissionMode} ${asks}`;
};

it('maps the four modes', () => {
  expect(of('approval-required')).toBe('default person');
  expect(of('auto-accept-edits')).toBe('acceptEdits person');
  expect(of('auto')).toBe('auto person');
  expect(of('full-access')).toBe('bypassPermissions accept');
});

it('lets explicit fields win', () => {
  expect(of('full-access', { approval: 'untrusted' })).toBe('default person');
  expect(of('full-access', { sandbox: 'workspace-write' })).toBe('acceptEdits decline');
  expect(of('full-access', { sandbox: 'read-only' })).toBe('default decline');
  expect(of('approval-required', { approval: 'never' })).toBe('default decline');
  expect(of('approval-required', { approval: 'never', sandbox: 'full-access' })).toBe(
    'bypassPermissions accept',
  );
  expect(of('auto', { sandbox: 'read-only' })).toBe('default person');
  expect(of('auto-accept-edits', { sandbox: 'full-access' })).toBe('default person');
});

it('plans in every mode', () => {
  const asked = { runtimeMode: 'full-access', interactionMode: 'plan', policy: {} } as const;
  expect(policyFor(asked)).toEqual({ permissionMode: 'plan', asks: 'plan' });
});

it('cannot keep commands off the network', () => {
  expect(unmetPolicy({ network: false })).toContain('network');
  expect(unmetPolicy({ network: true })).toBeNull();
  expect(unmetPolicy({})).toBeNull();
});

it('asks nobody where the policy has the answer, but always brings a question', () => {
  const tool = (name: string) => ({ tool_name: name, input: {}, tool_use_id: 't' });
  const policy = (asks: 'person' | 'accept' | 'decline' | 'plan') =>
    ({ permissionMode: 'default', asks }) as const;
  expect(ruledAnswer(tool('Bash'), policy('person'))).toBeNull();
  expect(ruledAnswer(tool('Bash'), policy('accept'))).toEqual({ decision: 'accept' });
  expect(ruledAnswer(tool('Bash'), policy('decline'))).toEqual({ decision: 'decline' });
  for (const name of ['Bash', 'Write', 'Edit', 'NotebookEdit', 'ExitPlanMode'])
    expect(ruledAnswer(tool(name), policy('plan'))).toEqual({ decision: 'decline' });
  expect(ruledAnswer(tool('WebFetch'), policy('plan'))).toBeNull();
  expect(ruledAnswer(tool('AskUserQuestion'), policy('accept'))).toBeNull();
  expect(ruledAnswer(tool('AskUserQuestion'), policy('decline'))).toBeNull();
});
