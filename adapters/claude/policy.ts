import type { InteractionMode, Policy, RuntimeMode } from '../../machines/domain/settings.ts';

/** Claude's own modes. */
export const PERMISSION_MODES = ['default', 'acceptEdits', 'auto', 'bypassPermissions', 'plan'] as const;
export type PermissionMode = (typeof PERMISSION_MODES)[number];

/** A runtime mode in claude's own settings. */
export interface ClaudePolicy {
  readonly permissionMode: PermissionMode;
  /** What becomes of a tool that claude asks about. `plan`: what only looks is asked about, the rest declined. */
  readonly asks: 'person' | 'accept' | 'decline' | 'plan';
}

interface Asked {
  readonly runtimeMode: RuntimeMode;
  readonly interactionMode: InteractionMode;
  readonly policy: Policy;
}
type Approval = NonNullable<Policy['approval']>;
type Sandbox = NonNullable<Policy['sandbox']>;

const MODES: Readonly<Record<RuntimeMode, { readonly approval: Approval; readonly sandbox: Sandbox }>> = {
  'approval-required': { approval: 'untrusted', sandbox: 'read-only' },
  'auto-accept-edits': { approval: 'on-request', sandbox: 'workspace-write' },
  auto: { approval: 'on-request', sandbox: 'workspace-write' },
  'full-access': { approval: 'never', sandbox: 'full-access' },
};

/** The settings for a runtime mode; explicit policy fields win. Planning is a mode of its own at claude. */
export function policyFor({ runtimeMode, interactionMode, policy }: Asked): ClaudePolicy {
  if (interactionMode === 'plan') return { permissionMode: 'plan', asks: 'plan' };
  const { approval = MODES[runtimeMode].approval, sandbox = MODES[runtimeMode].sandbox } = policy;
  const isExplicit = policy.approval !== undefined || policy.sandbox !== undefined;
  if (runtimeMode === 'auto' && !isExplicit) return { permissionMode: 'auto', asks: 'person' };
  if (approval !== 'never') return { permissionMode: asking(approval, sandbox), asks: 'person' };
  if (sandbox === 'full-access') return { permissionMode: 'bypassPermissions', asks: 'accept' };
  return { permissionMode: sandbox === 'read-only' ? 'default' : 'acceptEdits', asks: 'decline' };
}

/** Where somebody is asked, only edits of the workspace may go without, and only if what is asked about is for the agent to say. */
const asking = (approval: Approval, sandbox: Sandbox): PermissionMode =>
  approval === 'on-request' && sandbox === 'workspace-write' ? 'acceptEdits' : 'default';

/** What claude cannot be held to; `null`: everything that is asked for. */
export function unmetPolicy({ network }: Policy): string | null {
  return network === false ? 'claude has no way to keep commands off the network' : null;
}
