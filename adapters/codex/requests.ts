import { resolve } from 'node:path';
import type { AgentTools, PromptSettings } from '../../machines/domain/effect.ts';
import type { Fork } from '../../machines/domain/opening.ts';
import type { Settings } from '../../machines/domain/settings.ts';
import type { Prompt } from '../../machines/domain/turn.ts';
import { headersOf, TOOL_TIMEOUT_S } from '../shared/agent-tools.ts';
import type { EffectOf } from '../shared/effects.ts';
import { policyFor } from './policy.ts';
import type {
  InitializeParams,
  ThreadCompactStartParams,
  ThreadForkParams,
  ThreadResumeParams,
  ThreadSettingsUpdateParams,
  ThreadStartParams,
  TurnInterruptParams,
  TurnStartParams,
  TurnSteerParams,
  UserInput,
} from './wire.gen.ts';
import type { ThreadAnswer } from './wire.ts';

/** What is known of the open thread that a prompt goes to. */
export interface PromptTarget {
  readonly nativeThreadId: string;
  /** The model that the thread was opened with, for prompts that name none: codex keeps the last one otherwise. */
  readonly model: string;
  /** What the model does without an effort of the prompt's own; `null`: not known. */
  readonly effort: string | null;
  /** codex keeps the mode of the last turn, in its file too. */
  readonly mode: 'default' | 'plan';
  /** Where the attached images are. */
  readonly imagePaths: readonly string[];
}

export const INITIALIZE: InitializeParams = {
  clientInfo: { name: 'threadchart', title: 'Threadchart', version: '0.1.0' },
  capabilities: { experimentalApi: true, requestAttestation: false },
};

export function startThread(settings: Settings, tools?: AgentTools): ThreadStartParams {
  return openSettings(settings, tools);
}

/** Everything is sent again: codex 0.169.0 falls back to a read-only sandbox in silence. */
export function resumeThread(
  nativeThreadId: string,
  settings: Settings,
  tools?: AgentTools,
): ThreadResumeParams {
  return { threadId: nativeThreadId, excludeTurns: true, ...openSettings(settings, tools) };
}

/** Everything is sent again here too: a fork has neither the model nor the sandbox of the other (codex 0.169.0). */
export function forkThread(
  { nativeThreadId, nativeTurnId }: Fork,
  settings: Settings,
  tools?: AgentTools,
): ThreadForkParams {
  return {
    threadId: nativeThreadId,
    lastTurnId: nativeTurnId,
    excludeTurns: true,
    ...openSettings(settings, tools),
  };
}

/** Mends the settings of a thread that was still loaded: its resume ignores what it is given (codex 0.169.0). */
export function updateSettings(nativeThreadId: string, settings: Settings): ThreadSettingsUpdateParams {
  const { approvalPolicy, approvalsReviewer, sandboxPolicy } = policyFor(settings);
  const { cwd, model } = settings;
  return { threadId: nativeThreadId, cwd, model, approvalPolicy, approvalsReviewer, sandboxPolicy };
}

function openSettings(settings: Settings, tools: AgentTools | undefined) {
  const { approvalPolicy, approvalsReviewer, sandbox } = policyFor(settings);
  const { cwd, model } = settings;
  return {
    cwd,
    ...(model === null ? {} : { model }),
    approvalPolicy,
    approvalsReviewer,
    sandbox,
    ...(tools && { config: configOf(tools) }),
  };
}

/** One more beside the user's own servers: a whole `mcp_servers` would take their place (codex 0.169.0). */
const configOf = (tools: AgentTools): NonNullable<ThreadStartParams['config']> => ({
  [`mcp_servers.${tools.name}`]: {
    url: tools.url,
    http_headers: headersOf(tools),
    tool_timeout_sec: TOOL_TIMEOUT_S,
  },
});

const SANDBOX_TYPES: Readonly<Record<string, string>> = {
  'read-only': 'readOnly',
  'workspace-write': 'workspaceWrite',
  'danger-full-access': 'dangerFullAccess',
};

/** What is compared with it. */
export type AskedSettings = Pick<Settings, 'cwd' | 'model' | 'runtimeMode' | 'policy'>;

/** What codex says that it goes by. */
export type SettingsInEffect = Pick<
  ThreadAnswer,
  'model' | 'cwd' | 'approvalPolicy' | 'approvalsReviewer' | 'sandbox'
>;

/** The settings that codex answered otherwise than it was asked, as `name: asked, answered`. */
export function settingsGap(settings: AskedSettings, answer: SettingsInEffect): readonly string[] {
  const asked = policyFor(settings);
  const pairs: readonly (readonly [string, unknown, unknown])[] = [
    ['approvalPolicy', asked.approvalPolicy, answer.approvalPolicy],
    ['approvalsReviewer', asked.approvalsReviewer, answer.approvalsReviewer],
    ['sandbox', SANDBOX_TYPES[asked.sandbox], answer.sandbox.type],
    ['cwd', resolve(settings.cwd), resolve(answer.cwd)],
    ['model', settings.model ?? answer.model, answer.model],
  ];
  return pairs
    .filter(([, wanted, got]) => wanted !== got)
    .map(([name, wanted, got]) => `${name}: asked for ${String(wanted)}, got ${JSON.stringify(got)}`);
}

/** Of a turn, which can ask for more than an opening: whether the sandbox has the network. */
export function turnSettingsGap(settings: AskedSettings, answer: SettingsInEffect): readonly string[] {
  const gap = settingsGap(settings, answer);
  const { sandboxPolicy: wanted } = policyFor(settings);
  if (!('networkAccess' in wanted) || wanted.type !== answer.sandbox.type) return gap;
  const { networkAccess: got = false } = answer.sandbox;
  if (got === wanted.networkAccess) return gap;
  return [...gap, `network: asked for ${String(wanted.networkAccess)}, got ${JSON.stringify(got)}`];
}

export function startTurn(effect: EffectOf<'turn.start'>, target: PromptTarget): TurnStartParams {
  const { prompt, settings, clientMessageId } = effect;
  const { approvalPolicy, approvalsReviewer, sandboxPolicy } = policyFor(settings);
  const model = settings.model ?? target.model;
  const effort = textOption(settings, 'effort') ?? target.effort;
  return {
    threadId: target.nativeThreadId,
    clientUserMessageId: clientMessageId,
    input: inputOf(prompt, target.imagePaths),
    cwd: settings.cwd,
    model,
    approvalPolicy,
    approvalsReviewer,
    sandboxPolicy,
    ...(effort === null ? {} : { effort }),
    ...otherOptions(settings),
    ...modeOf(settings, target, { model, effort }),
  };
}

/** Only where it is or was plan mode: naming the default mode costs a page of instructions. */
function modeOf(
  { interactionMode }: PromptSettings,
  target: PromptTarget,
  { model, effort }: { model: string; effort: string | null },
): Pick<TurnStartParams, 'collaborationMode'> {
  if (interactionMode === target.mode && interactionMode === 'default') return {};
  const settings = { model, reasoning_effort: effort, developer_instructions: null };
  return { collaborationMode: { mode: interactionMode, settings } };
}

/** What `options` of a thread or prompt can say to codex besides `effort`. */
export const OPTIONS = ['effort', 'summary', 'serviceTier'] as const;

function otherOptions(settings: PromptSettings): Pick<TurnStartParams, 'summary' | 'serviceTier'> {
  const summary = SUMMARIES.find((each) => each === textOption(settings, 'summary'));
  const serviceTier = textOption(settings, 'serviceTier');
  return { ...(summary === undefined ? {} : { summary }), ...(serviceTier === null ? {} : { serviceTier }) };
}

const SUMMARIES = ['auto', 'concise', 'detailed', 'none'] as const;

function textOption({ options }: PromptSettings, name: (typeof OPTIONS)[number]): string | null {
  const value = options[name];
  return typeof value === 'string' ? value : null;
}

export function steerTurn(
  effect: EffectOf<'turn.steer'>,
  { nativeThreadId, imagePaths }: Pick<PromptTarget, 'nativeThreadId' | 'imagePaths'>,
): TurnSteerParams {
  const { steer, clientMessageId, nativeTurnId } = effect;
  return {
    threadId: nativeThreadId,
    clientUserMessageId: clientMessageId,
    input: inputOf(steer, imagePaths),
    expectedTurnId: nativeTurnId ?? '',
  };
}

export const compactThread = (threadId: string): ThreadCompactStartParams => ({ threadId });

export const interruptTurn = (threadId: string, turnId: string): TurnInterruptParams => ({
  threadId,
  turnId,
});

function inputOf({ text }: Prompt, imagePaths: readonly string[]): UserInput[] {
  return [
    { type: 'text', text, text_elements: [] },
    ...imagePaths.map((path): UserInput => ({ type: 'localImage', path })),
  ];
}
