/** `task.delegate`: what the other thread is made with and told, in the same transaction as the one that asks. */
import { decide } from '../../machines/domain/decide.ts';
import type { CommandOf } from '../../machines/domain/command.ts';
import { RuntimeError } from '../../machines/domain/error.ts';
import type { ThreadId } from '../../machines/domain/ids.ts';
import type { ThreadInputOf } from '../../machines/domain/input.ts';
import { RESUME } from '../../machines/domain/opening.ts';
import { isBeyond, powersWithin } from '../../machines/domain/policy.ts';
import type { Settings } from '../../machines/domain/settings.ts';
import type { Prompt } from '../../machines/domain/turn.ts';
import { busyIn, depthOf } from './family.ts';
import type { LoadedThread } from './loaded-thread.ts';
import { newThread } from './new-thread.ts';
import type { Intake } from './take.ts';

type Delegate = CommandOf<'task.delegate'>;
type Told = Pick<ThreadInputOf<'task.delegate'>, 'task' | 'create'>;

const TITLE_LENGTH = 80;

/** @throws {RuntimeError} TASK_TOO_DEEP, TASK_LIMIT, TASK_NOT_ALLOWED, and what `newThread` and a prompt of the other do */
export function delegateInput(
  intake: Intake,
  asker: LoadedThread,
  command: Delegate,
): ThreadInputOf<'task.delegate'> {
  checkBounds(intake, asker.threadId);
  const prompt: Prompt = {
    turnId: intake.newTurnId(),
    text: command.text,
    attachments: [],
    from: [asker.threadId],
  };
  const told =
    command.to === undefined
      ? toNew(intake, asker, { command, prompt })
      : toKnown(intake, asker, { to: command.to, prompt, wake: command.wake });
  return { type: command.type, ...told, prompt };
}

function checkBounds({ parts }: Intake, threadId: ThreadId): void {
  const { depth, aliveCount } = parts.taskBounds;
  if (depthOf(parts, threadId) >= depth) {
    throw new RuntimeError('TASK_TOO_DEEP', `thread ${threadId} is ${depth} tasks deep`, {
      details: { depth },
    });
  }
  if (busyIn(parts, threadId, aliveCount) >= aliveCount) {
    throw new RuntimeError('TASK_LIMIT', `${aliveCount} threads of the family of ${threadId} work already`, {
      details: { aliveCount },
    });
  }
}

function toNew(
  intake: Intake,
  asker: LoadedThread,
  { command, prompt }: { readonly command: Delegate; readonly prompt: Prompt },
): Told {
  const settings = settingsOf(asker.context.settings, command);
  const made = newThread(intake, command.newThreadId, settings);
  const { instanceId, title } = settings;
  const lineage = {
    kind: 'delegate',
    parentId: asker.threadId,
    turnId: null,
    turnOrdinal: 0,
    itemOrdinal: 0,
    version: asker.version + 1,
  } as const;
  const { threadId } = made;
  return {
    task: { taskId: prompt.turnId, threadId, instanceId, title, wake: command.wake },
    create: { ...made, lineage, opening: RESUME },
  };
}

/** It works in the same folder. Another provider has its own models, and another model its own options. */
function settingsOf(own: Settings, asked: Delegate): Settings {
  const { instanceId = own.instanceId } = asked;
  const isSame = instanceId === own.instanceId;
  const { model = isSame ? own.model : null } = asked;
  const { options = isSame && model === own.model ? own.options : {} } = asked;
  const { runtimeMode, interactionMode } = asked;
  const powers = powersWithin(own, {
    ...(runtimeMode && { runtimeMode }),
    ...(interactionMode && { interactionMode }),
  });
  return { ...own, ...powers, instanceId, model, options, title: asked.title ?? titleOf(asked.text) };
}

const titleOf = (text: string): string => (text.trim().split('\n', 1)[0] ?? '').slice(0, TITLE_LENGTH);

interface Known extends Pick<Delegate, 'wake'> {
  readonly to: ThreadId;
  readonly prompt: Prompt;
}

/** A person may have given it more than the one that asks may do; then only a person can ask it. */
function toKnown(intake: Intake, asker: LoadedThread, { to, prompt, wake }: Known): Told {
  const child = intake.parts.threads.get(to);
  const lineage = child?.context.lineage ?? null;
  if (child === null || lineage?.kind !== 'delegate' || lineage.parentId !== asker.threadId) {
    throw new RuntimeError('TASK_NOT_ALLOWED', `thread ${to} was not made by thread ${asker.threadId}`);
  }
  const { settings } = child.context;
  if (isBeyond(settings, asker.context.settings)) {
    throw new RuntimeError('TASK_NOT_ALLOWED', `thread ${to} may do more than thread ${asker.threadId}`);
  }
  const { instanceId, title } = settings;
  const submit = { type: 'turn.submit', mode: 'queue', expected: null, prompt } as const;
  const instance = intake.parts.instances.refusalOf(instanceId);
  const refusal = decide(child.view, submit, { request: null, plan: null, instance });
  if (refusal !== null) throw new RuntimeError(refusal.code, `a task for thread ${to}: ${refusal.why}`);
  return { task: { taskId: prompt.turnId, threadId: to, instanceId, title, wake }, create: null };
}
