/** What every new thread needs, whoever asks for it: an id of its own, a folder, and an instance that can be used. */
import { NO_CAPABILITIES, type Capabilities } from '../../machines/domain/capability.ts';
import { RuntimeError } from '../../machines/domain/error.ts';
import { threadIdSchema, type InstanceId, type ThreadId } from '../../machines/domain/ids.ts';
import type { ThreadInputOf } from '../../machines/domain/input.ts';
import type { Settings } from '../../machines/domain/settings.ts';
import type { Intake } from './take.ts';
import { checkFolder } from './workspace.ts';

type NewThread = Pick<ThreadInputOf<'thread.create'>, 'type' | 'threadId' | 'settings' | 'capabilities'>;

/** @throws {RuntimeError} WORKSPACE_NOT_FOUND, THREAD_EXISTS, INSTANCE_NOT_FOUND, INSTANCE_UNAVAILABLE, CAPABILITY_UNSUPPORTED */
export function newThread(intake: Intake, asked: ThreadId | undefined, settings: Settings): NewThread {
  checkFolder(intake.parts, settings.cwd);
  const threadId = asked ?? threadIdSchema.parse(intake.parts.newId());
  if (isUsed(intake, threadId)) {
    throw new RuntimeError('THREAD_EXISTS', `thread ${threadId} exists or has existed`);
  }
  const capabilities = capabilitiesOf(intake, settings.instanceId);
  if (settings.interactionMode === 'plan' && !capabilities.planMode) {
    throw new RuntimeError('CAPABILITY_UNSUPPORTED', 'the provider has no plan mode', {
      details: { capability: 'planMode' },
    });
  }
  return { type: 'thread.create', threadId, settings, capabilities };
}

/** @throws {RuntimeError} INSTANCE_NOT_FOUND, INSTANCE_UNAVAILABLE */
export function capabilitiesOf({ parts: { instances } }: Intake, instanceId: InstanceId): Capabilities {
  const refusal = instances.refusalOf(instanceId);
  if (refusal !== null)
    throw new RuntimeError(refusal.code, refusal.why, { details: { ...refusal.details } });
  return instances.get(instanceId)?.row?.capabilities ?? NO_CAPABILITIES;
}

function isUsed({ parts }: Intake, threadId: ThreadId): boolean {
  return parts.threads.peek(threadId) !== null || parts.journal.threadVersion(threadId) > 0;
}
