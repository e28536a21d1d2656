/** What a runtime mode lets an agent do by itself, for providers that have no such modes. */
import { MODES, type ModePolicy } from '../../machines/domain/policy.ts';
import type { InteractionMode, Policy, RuntimeMode } from '../../machines/domain/settings.ts';

export type Approval = NonNullable<Policy['approval']>;
export type Sandbox = NonNullable<Policy['sandbox']>;

/** The settings that a policy is made of. */
export interface AskedPolicy {
  readonly runtimeMode: RuntimeMode;
  readonly interactionMode: InteractionMode;
  readonly policy: Policy;
}

export { MODES };
export type { ModePolicy };

/** Explicit policy fields win. `modes`: of a provider that goes by other ones. */
export function policyOf(
  { runtimeMode, policy }: Pick<AskedPolicy, 'runtimeMode' | 'policy'>,
  modes = MODES,
): ModePolicy {
  const { approval, sandbox } = modes[runtimeMode];
  return { approval: policy.approval ?? approval, sandbox: policy.sandbox ?? sandbox };
}
