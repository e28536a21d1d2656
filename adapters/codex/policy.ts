import type { Policy, RuntimeMode } from '../../machines/domain/settings.ts';
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

type Sandbox = NonNullable<Policy['sandbox']>;
interface Mode {
  readonly approval: NonNullable<Policy['approval']>;
  readonly sandbox: Sandbox;
  readonly reviewer: ApprovalsReviewer;
}

const MODES: Readonly<Record<RuntimeMode, Mode>> = {
  'approval-required': { approval: 'untrusted', sandbox: 'read-only', reviewer: 'user' },
  'auto-accept-edits': { approval: 'on-request', sandbox: 'workspace-write', reviewer: 'user' },
  auto: { approval: 'on-request', sandbox: 'workspace-write', reviewer: 'auto_review' },
  'full-access': { approval: 'never', sandbox: 'full-access', reviewer: 'user' },
};

const SANDBOX_MODES: Readonly<Record<Sandbox, SandboxMode>> = {
  'read-only': 'read-only',
  'workspace-write': 'workspace-write',
  'full-access': 'danger-full-access',
};

/** The settings for a runtime mode; explicit policy fields win. */
export function policyFor(asked: {
  readonly runtimeMode: RuntimeMode;
  readonly policy: Policy;
}): CodexPolicy {
  const mode = MODES[asked.runtimeMode];
  const { approval = mode.approval, sandbox = mode.sandbox, network = false } = asked.policy;
  return {
    approvalPolicy: approval,
    approvalsReviewer: mode.reviewer,
    sandbox: SANDBOX_MODES[sandbox],
    sandboxPolicy: sandboxPolicyFor(sandbox, network),
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
