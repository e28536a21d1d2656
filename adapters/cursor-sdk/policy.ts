import { policyOf, type AskedPolicy } from '../shared/policy.ts';

/** A runtime mode in the SDK's own settings. */
export interface CursorPolicy {
  /** The only tools that the agent is given; `null`: all of them. */
  readonly tools: readonly string[] | null;
  /** Commands are kept to the workspace, and off the network. */
  readonly sandbox: boolean;
  /** Cursor's own check of each call, where its backend has it. */
  readonly autoReview: boolean;
}

/** Those that only look, and those that only write down what the agent means to do. */
const LOOKING = ['read', 'grep', 'glob', 'ls', 'semSearch', 'readLints', 'readTodos', 'updateTodos'];
const PLANNING = [...LOOKING, 'createPlan'];

/**
 * The SDK asks nobody: what a person would have to be asked about is not among the agent's tools. Explicit policy fields
 * win.
 */
export function policyFor(asked: AskedPolicy): CursorPolicy {
  const { sandbox } = policyOf(asked);
  if (asked.interactionMode === 'plan') return { tools: PLANNING, sandbox: true, autoReview: false };
  if (sandbox === 'read-only') return { tools: LOOKING, sandbox: true, autoReview: false };
  return { tools: null, sandbox: sandbox === 'workspace-write', autoReview: asked.runtimeMode === 'auto' };
}

/** What the SDK cannot be held to; `null`: everything that is asked for. */
export function unmetPolicy(asked: AskedPolicy): string | null {
  const { approval, network } = asked.policy;
  if (approval !== undefined && approval !== 'never') return 'the SDK of cursor has no way to ask a person';
  const isClosed = policyFor(asked).sandbox;
  if (network === undefined || network === !isClosed) return null;
  return isClosed
    ? 'the sandbox of cursor keeps commands off the network'
    : 'cursor keeps commands off the network in its sandbox only';
}
