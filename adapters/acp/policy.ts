import type { Policy } from '../../machines/domain/settings.ts';
import { policyOf, type AskedPolicy, type Sandbox } from '../shared/policy.ts';

/** What becomes of what an agent asks permission for, beside asking a person. */
export interface AcpPolicy {
  /** Changes of files in the workspace. */
  readonly edits: Verdict;
  /** Everything else that changes something, and what nobody can tell. */
  readonly others: Verdict;
  /** What only looks. */
  readonly reads: Verdict;
}
type Verdict = 'person' | 'accept' | 'decline';

/**
 * ACP has no sandbox and no word for how much an agent may do: its modes are the agent's own. So what it asks is answered
 * here, whatever its mode; explicit policy fields win.
 */
export function policyFor(asked: AskedPolicy): AcpPolicy {
  const { approval, sandbox } = policyOf(asked);
  if (asked.interactionMode === 'plan') return { edits: 'decline', others: 'decline', reads: 'person' };
  if (approval === 'never') return NEVER_ASKED[sandbox];
  const mayEdit = approval === 'on-request' && sandbox === 'workspace-write';
  return { edits: mayEdit ? 'accept' : 'person', others: 'person', reads: 'person' };
}

const NEVER_ASKED: Readonly<Record<Sandbox, AcpPolicy>> = {
  'read-only': { edits: 'decline', others: 'decline', reads: 'accept' },
  'workspace-write': { edits: 'accept', others: 'decline', reads: 'accept' },
  'full-access': { edits: 'accept', others: 'accept', reads: 'accept' },
};

/** What no agent can be held to; `null`: everything that is asked for. */
export function unmetPolicy({ network }: Policy): string | null {
  return network === false ? 'ACP has no way to keep commands off the network' : null;
}

const EDITS: ReadonlySet<string> = new Set(['edit', 'delete', 'move']);
const READS: ReadonlySet<string> = new Set(['read', 'search', 'think']);

/** `kind`: as the protocol calls it. `isInside`: all that is changed is known, and lies in the workspace. */
export function verdictOn(kind: string, isInside: boolean, policy: AcpPolicy): Verdict {
  if (READS.has(kind)) return policy.reads;
  return EDITS.has(kind) && isInside ? policy.edits : policy.others;
}
