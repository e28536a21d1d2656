/** How a session is brought to what a thread or a prompt asks for. */
import type { PromptSettings } from '../../machines/domain/effect.ts';
import { RuntimeError } from '../../machines/domain/error.ts';
import type { ProviderHost } from '../../machines/ports/provider.ts';
import { isRefusal } from '../shared/request-failures.ts';
import type { Control, ControlName } from './controls.ts';
import { policyFor } from './policy.ts';
import type { Session } from './sessions.ts';
import { configAnswerSchema } from './wire.ts';

type Wanted = Omit<PromptSettings, 'cwd'>;

/** What `options` of a thread or prompt can say to an agent. */
const OPTIONS: ReadonlySet<string> = new Set(['effort']);

/**
 * Agents keep what they were set to; only a change is said. The model comes first: it may have other efforts.
 * @throws {RuntimeError} SETTINGS_NOT_APPLIED when the session has no such model or mode, or the agent refuses it
 * @throws {JsonRpcError} when the process is lost
 */
export async function applySettings(session: Session, host: ProviderHost, wanted: Wanted): Promise<void> {
  const { controls } = session;
  const { model, options, interactionMode, runtimeMode } = wanted;
  const unknown = Object.keys(options).filter((name) => !OPTIONS.has(name));
  if (unknown.length > 0) host.warn('ACP has no such options', { options: unknown });
  await setModel(session, model);
  const { effort } = options;
  await set(session, 'effort', typeof effort === 'string' ? effort : controls.first('effort'));
  await set(session, 'collaboration', controls.collaborationFor(interactionMode));
  await setMode(session, host, { modeId: controls.modeIdFor(interactionMode, runtimeMode), ...wanted });
  session.policy = policyFor(wanted);
}

/** One that is given when the agent is started is not asked for again: it need not be among those that it names. */
async function setModel(session: Session, model: string | null): Promise<void> {
  const { launchModel, controls } = session;
  if (launchModel === undefined) return set(session, 'model', model ?? controls.first('model'));
  if (model !== launchModel)
    throw notApplied(`the agent was started with ${launchModel ?? 'its own model'}, not ${model ?? 'that'}`);
}

interface WantedMode extends Wanted {
  readonly modeId: string | null;
}

/** A mode in which the agent asks more than it would have to does no harm: what it asks is answered here. */
async function setMode(
  session: Session,
  host: ProviderHost,
  { modeId, interactionMode, runtimeMode }: WantedMode,
): Promise<void> {
  if (interactionMode === 'plan' && !session.controls.canPlan)
    throw notApplied('the agent has no mode for planning');
  try {
    await set(session, 'mode', modeId);
  } catch (error) {
    const isNeeded = interactionMode === 'plan' || runtimeMode === 'approval-required';
    if (isNeeded || !(error instanceof RuntimeError)) throw error;
    host.warn('the agent did not take a mode', { modeId, error: error.message });
  }
}

/** `null`: as the agent has it. */
async function set(session: Session, name: ControlName, id: string | null): Promise<void> {
  const control = session.controls.control(name);
  if (id === null || control?.current === id) return;
  if (control === null) throw notApplied(`the agent has no ${name} that can be set`);
  checkChoice(control, name, id);
  await ask(session, control, id).catch((error: unknown) => {
    if (!isRefusal(error)) throw error;
    throw notApplied(`the agent refused the ${name} ${id}: ${String(error)}`);
  });
  session.controls.changed(name, id);
}

async function ask({ process, controls, calledId }: Session, control: Control, id: string): Promise<void> {
  const { method } = control;
  const answer = await process.ask({ method, params: control.params(calledId, id), answer: ANSWER });
  controls.take({ configOptions: answer.configOptions });
}

const ANSWER = configAnswerSchema.catch({});

const MOST_NAMED = 20;

/** gemini 0.61.0 takes any name of a model, and fails with the next prompt. */
function checkChoice({ choices }: Control, name: ControlName, id: string): void {
  const ids = choices.map((choice) => choice.id);
  if (ids.length === 0 || ids.includes(id)) return;
  throw notApplied(`the agent has no ${name} ${id}; it has ${ids.slice(0, MOST_NAMED).join(', ')}`);
}

const notApplied = (message: string): RuntimeError => new RuntimeError('SETTINGS_NOT_APPLIED', message);
