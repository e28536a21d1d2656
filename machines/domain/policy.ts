/** What a thread's settings let its agent do by itself, and which of two threads may do more. */
import type { InteractionMode, Policy, RuntimeMode, Settings } from './settings.ts';

/** What a runtime mode comes to. */
export interface ModePolicy {
  readonly approval: NonNullable<Policy['approval']>;
  readonly sandbox: NonNullable<Policy['sandbox']>;
}

/** For providers that have no such modes. */
export const MODES: Readonly<Record<RuntimeMode, ModePolicy>> = {
  'approval-required': { approval: 'untrusted', sandbox: 'read-only' },
  'auto-accept-edits': { approval: 'on-request', sandbox: 'workspace-write' },
  auto: { approval: 'on-request', sandbox: 'workspace-write' },
  'full-access': { approval: 'never', sandbox: 'full-access' },
};

/** Each from the least to the most that an agent may do. */
const RUNTIME_MODES: readonly RuntimeMode[] = [
  'approval-required',
  'auto-accept-edits',
  'auto',
  'full-access',
];
const INTERACTION_MODES: readonly InteractionMode[] = ['plan', 'default'];
const APPROVALS: readonly ModePolicy['approval'][] = ['untrusted', 'on-request', 'never'];
const SANDBOXES: readonly ModePolicy['sandbox'][] = ['read-only', 'workspace-write', 'full-access'];

/** The settings that say what an agent may do. */
export type Powers = Pick<Settings, 'runtimeMode' | 'interactionMode' | 'policy'>;

/**
 * The powers of a thread that does something for another: what is asked for, and never more than the other has. Its
 * explicit overrides are that thread's.
 */
export function powersWithin(own: Powers, asked: Partial<Omit<Powers, 'policy'>>): Powers {
  const { runtimeMode, interactionMode, policy } = own;
  return {
    runtimeMode: least(RUNTIME_MODES, runtimeMode, asked.runtimeMode),
    interactionMode: least(INTERACTION_MODES, interactionMode, asked.interactionMode),
    policy,
  };
}

/** One of them may do something that the other may not. */
export const isBeyond = (one: Powers, other: Powers): boolean =>
  ranksOf(one).some((rank, index) => rank > (ranksOf(other)[index] ?? 0));

function ranksOf({ runtimeMode, interactionMode, policy }: Powers): readonly number[] {
  const mode = MODES[runtimeMode];
  const { approval = mode.approval, sandbox = mode.sandbox } = policy;
  const hasNetwork = policy.network ?? sandbox === 'full-access';
  return [
    RUNTIME_MODES.indexOf(runtimeMode),
    INTERACTION_MODES.indexOf(interactionMode),
    APPROVALS.indexOf(approval),
    SANDBOXES.indexOf(sandbox),
    Number(hasNetwork),
  ];
}

function least<Word>(order: readonly Word[], own: Word, asked: Word = own): Word {
  return order[Math.min(order.indexOf(own), order.indexOf(asked))] ?? own;
}
