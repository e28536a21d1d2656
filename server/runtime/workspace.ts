/** The folder that a thread works in, and the images of its prompts: looked for before anything relies on them. */
import type { Command } from '../../machines/domain/command.ts';
import type { ProviderEffect } from '../../machines/domain/effect.ts';
import { failure, RuntimeError, type Failure } from '../../machines/domain/error.ts';
import { threadIdOf, type AttachmentId, type ThreadId } from '../../machines/domain/ids.ts';
import type { ProviderInput } from '../../machines/domain/input.ts';

/** Looks at the disk, at once. */
export interface Workspaces {
  readonly isFolder: (path: string) => boolean;
  /** `null`: it is not stored (any more). */
  readonly attachmentPath: (id: AttachmentId) => string | null;
}

/** @throws {RuntimeError} WORKSPACE_NOT_FOUND */
export function checkFolder({ isFolder }: Workspaces, cwd: string): void {
  if (!isFolder(cwd)) throw new RuntimeError('WORKSPACE_NOT_FOUND', said(cwd), { details: { cwd } });
}

/**
 * For a command that begins a prompt, or puts one into the queue: its folder and its images are still there. A steer
 * goes to an agent that is at work already.
 * @throws {RuntimeError} WORKSPACE_NOT_FOUND, ATTACHMENT_NOT_FOUND
 */
export function checkPrompt(workspaces: Workspaces, command: Command, cwd: string): void {
  if (command.type === 'turn.submit' || command.type === 'turn.edit') {
    checkAttachments(workspaces, command.attachments ?? []);
  }
  if (beginsPrompt(command)) checkFolder(workspaces, cwd);
}

function beginsPrompt(command: Command): boolean {
  if (command.type === 'turn.submit') return command.mode !== 'steer';
  return ['turn.retry', 'turn.edit', 'queue.resume', 'request.askAgain'].includes(command.type);
}

function checkAttachments({ attachmentPath }: Workspaces, attachments: readonly AttachmentId[]): void {
  const attachmentId = attachments.find((id) => attachmentPath(id) === null);
  if (attachmentId === undefined) return;
  throw new RuntimeError('ATTACHMENT_NOT_FOUND', `there is no attachment ${attachmentId}`, {
    details: { attachmentId },
  });
}

/**
 * What becomes of an effect whose folder has vanished since the command was accepted, as a queued prompt's can; `null`:
 * it can be performed.
 */
export function refusalInFolder(
  effect: ProviderEffect,
  { isFolder }: Pick<Workspaces, 'isFolder'>,
): { readonly threadId: ThreadId; readonly input: ProviderInput } | null {
  if (effect.type !== 'connection.open' && effect.type !== 'turn.start') return null;
  const { connectionId, settings } = effect;
  if (isFolder(settings.cwd)) return null;
  const cause: Failure = failure('WORKSPACE_NOT_FOUND', said(settings.cwd), { class: 'validation' });
  const threadId = threadIdOf(connectionId);
  if (effect.type === 'connection.open')
    return { threadId, input: { type: 'connection.openFailed', connectionId, failure: cause } };
  const { turnId, attempt, nativeTurnId } = effect;
  const turn = { connectionId, turnId, attempt, nativeTurnId };
  return { threadId, input: { type: 'provider.turnRefused', ...turn, failure: cause } };
}

const said = (cwd: string): string => `${cwd} is not a folder`;
