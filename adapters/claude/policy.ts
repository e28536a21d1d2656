import type { Policy } from '../../machines/domain/settings.ts';
import { policyOf, type AskedPolicy, type ModePolicy } from '../shared/policy.ts';

/** Claude's own modes. */
export const PERMISSION_MODES = ['default', 'acceptEdits', 'auto', 'bypassPermissions', 'plan'] as const;
export type PermissionMode = (typeof PERMISSION_MODES)[number];

/** A runtime mode in claude's own settings. */
export interface ClaudePolicy {
  readonly permissionMode: PermissionMode;
  /** What becomes of a tool that claude asks about. `plan`: what only looks is asked about, the rest declined. */
  readonly asks: 'person' | 'accept' | 'decline' | 'plan';
}

/** The settings for a runtime mode; explicit policy fields win. Planning is a mode of its own at claude. */
export function policyFor(asked: AskedPolicy): ClaudePolicy {
  const { runtimeMode, interactionMode, policy } = asked;
  if (interactionMode === 'plan') return { permissionMode: 'plan', asks: 'plan' };
  const { approval, sandbox } = policyOf(asked);
  const isExplicit = policy.approval !== undefined || policy.sandbox !== undefined;
  if (runtimeMode === 'auto' && !isExplicit) return { permissionMode: 'auto', asks: 'person' };
  if (approval !== 'never') return { permissionMode: asking({ approval, sandbox }), asks: 'person' };
  if (sandbox === 'full-access') return { permissionMode: 'bypassPermissions', asks: 'accept' };
  return { permissionMode: sandbox === 'read-only' ? 'default' : 'acceptEdits', asks: 'decline' };
}

/** Where somebody is asked, only edits of the workspace may go without, and only if what is asked about is for the agent to say. */
const asking = ({ approval, sandbox }: ModePolicy): PermissionMode =>
  approval === 'on-request' && sandbox === 'workspace-write' ? 'acceptEdits' : 'default';

/** What claude cannot be held to; `null`: everything that is asked for. */
export function unmetPolicy({ network }: Policy): string | null {
  return network === false ? 'claude has no way to keep commands off the network' : null;
}
