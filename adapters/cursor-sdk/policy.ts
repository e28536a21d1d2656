import type { InteractionMode, Policy, RuntimeMode } from '../../machines/domain/settings.ts';

/** A runtime mode in the SDK's own settings. */
export interface CursorPolicy {
  /** The only tools that the agent is given; `null`: all of them. */
  readonly tools: readonly string[] | null;
  /** Commands are kept to the workspace, and off the network. */
  readonly sandbox: boolean;
  /** Cursor's own check of each call, where its backend has it. */
  readonly autoReview: boolean;
}

interface Asked {
  readonly runtimeMode: RuntimeMode;
  readonly interactionMode: InteractionMode;
  readonly policy: Policy;
}
type Sandbox = NonNullable<Policy['sandbox']>;

/** Those that only look, and those that only write down what the agent means to do. */
const LOOKING = ['read', 'grep', 'glob', 'ls', 'semSearch', 'readLints', 'readTodos', 'updateTodos'];
const PLANNING = [...LOOKING, 'createPlan'];

const SANDBOXES: Readonly<Record<RuntimeMode, Sandbox>> = {
  'approval-required': 'read-only',
  'auto-accept-edits': 'workspace-write',
  auto: 'workspace-write',
  'full-access': 'full-access',
};

/**
 * The SDK asks nobody: what a person would have to be asked about is not among the agent's tools. Explicit policy fields
 * win.
 */
export function policyFor({ runtimeMode, interactionMode, policy }: Asked): CursorPolicy {
  const { sandbox = SANDBOXES[runtimeMode] } = policy;
  const isPlanning = interactionMode === 'plan';
  if (isPlanning) return { tools: PLANNING, sandbox: true, autoReview: false };
  if (sandbox === 'read-only') return { tools: LOOKING, sandbox: true, autoReview: false };
  return { tools: null, sandbox: sandbox === 'workspace-write', autoReview: runtimeMode === 'auto' };
}

/** What the SDK cannot be held to; `null`: everything that is asked for. */
export function unmetPolicy(asked: Asked): string | null {
  const { approval, network } = asked.policy;
  if (approval !== undefined && approval !== 'never') return 'the SDK of cursor has no way to ask a person';
  const isClosed = policyFor(asked).sandbox;
  if (network === undefined || network === !isClosed) return null;
  return isClosed
    ? 'the sandbox of cursor keeps commands off the network'
    : 'cursor keeps commands off the network in its sandbox only';
}
