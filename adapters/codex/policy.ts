import { policyOf, type AskedPolicy, type Sandbox } from '../shared/policy.ts';
import type { ApprovalsReviewer, AskForApproval, SandboxMode, SandboxPolicy } from './wire.gen.ts';

/** A runtime mode in codex's own settings. */
export interface CodexPolicy {
  readonly approvalPolicy: AskForApproval;
  readonly approvalsReviewer: ApprovalsReviewer;
  /** For opening a thread. */
  readonly sandbox: SandboxMode;
  /** For a turn: the same sandbox, with what only this form can say. */
  readonly sandboxPolicy: SandboxPolicy;
}

const SANDBOX_MODES: Readonly<Record<Sandbox, SandboxMode>> = {
  'read-only': 'read-only',
  'workspace-write': 'workspace-write',
  'full-access': 'danger-full-access',
};

/** The settings for a runtime mode; explicit policy fields win. */
export function policyFor(asked: Pick<AskedPolicy, 'runtimeMode' | 'policy'>): CodexPolicy {
  const { approval, sandbox } = policyOf(asked);
  return {
    approvalPolicy: approval,
    approvalsReviewer: asked.runtimeMode === 'auto' ? 'auto_review' : 'user',
    sandbox: SANDBOX_MODES[sandbox],
    sandboxPolicy: sandboxPolicyFor(sandbox, asked.policy.network ?? false),
  };
}

function sandboxPolicyFor(sandbox: Sandbox, networkAccess: boolean): SandboxPolicy {
  switch (sandbox) {
    case 'read-only':
      return { type: 'readOnly', networkAccess };
    case 'workspace-write':
      return {
        type: 'workspaceWrite',
        writableRoots: [],
        networkAccess,
        excludeTmpdirEnvVar: false,
        excludeSlashTmp: false,
      };
    case 'full-access':
      return { type: 'dangerFullAccess' };
  }
}
