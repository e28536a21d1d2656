import { describe, expect, it } from 'vitest';
import { policyFor } from '../../../../adapters/codex/policy.ts';
import { runtimeModeSchema } from '../../../../machines/domain/settings.ts';

describe('policyFor', () => {
  it('maps each runtime mode', () => {
    const table = runtimeModeSchema.options.map((runtimeMode) => {
      const policy = policyFor({ runtimeMode, policy: {} });
      return [
        runtimeMode,
        policy.approvalPolicy,
        policy.sandbox,
        policy.sandboxPolicy.type,
        policy.approvalsReviewer,
      ];
    });
    expect(table).toEqual([
      ['approval-required', 'untrusted', 'read-only', 'readOnly', 'user'],
      ['auto-accept-edits', 'on-request', 'workspace-write', 'workspaceWrite', 'user'],
      ['auto', 'on-request', 'workspace-write', 'workspaceWrite', 'auto_review'],
      ['full-access', 'never', 'danger-full-access', 'dangerFullAccess', 'user'],
    ]);
  });

  it('lets each explicit field win', () => {
    const policy = { approval: 'never', sandbox: 'workspace-write', network: true } as const;
    expect(policyFor({ runtimeMode: 'approval-required', policy })).toMatchObject({
      approvalPolicy: 'never',
      sandbox: 'workspace-write',
      sandboxPolicy: { type: 'workspaceWrite', networkAccess: true },
      approvalsReviewer: 'user',
    });
    expect(policyFor({ runtimeMode: 'full-access', policy: { sandbox: 'read-only' } })).toMatchObject({
      approvalPolicy: 'never',
      sandboxPolicy: { type: 'readOnly', networkAccess: false },
    });
  });
});
