/** Lets a thread begin as a fork of another one, or lose its newest turns, although no command asks for that yet. */
import type { OpenConnection, ProviderEffect } from '../../machines/domain/effect.ts';
import type { Fork } from '../../machines/domain/opening.ts';
import type { ThreadId } from '../../machines/domain/ids.ts';
import type { ProviderAdapter, ProviderDriver, ProviderHost } from '../../machines/ports/provider.ts';

/** What is known of a conversation: its provider's id, and those of its turns in their order. */
interface Known {
  nativeThreadId: string;
  readonly nativeTurnIds: string[];
}

/**
 * The same driver, but a new thread with the options `forkOf` (a thread) and perhaps `forkTurn` (the number of a turn)
 * begins with the history of that; one with the option `rollbackTo` (the number of a turn) is resumed without what came after
 * it.
 */
export function forkingDriver(driver: ProviderDriver): ProviderDriver {
  return {
    ...driver,
    create: (instance, host) => {
      const known = new Map<string, Known>();
      return forking(driver.create(instance, listening(host, known)), known);
    },
  };
}

function listening(host: ProviderHost, known: Map<string, Known>): ProviderHost {
  const report: ProviderHost['report'] = (threadId: ThreadId, input) => {
    const thread = known.get(threadId) ?? { nativeThreadId: '', nativeTurnIds: [] };
    known.set(threadId, thread);
    if (input.type === 'connection.opened') thread.nativeThreadId = input.nativeThreadId;
    if (input.type === 'provider.turnStarted' && input.nativeTurnId !== null)
      thread.nativeTurnIds.push(input.nativeTurnId);
    host.report(threadId, input);
  };
  return {
    processes: host.processes,
    report,
    reportInstance: (input) => host.reportInstance(input),
    settled: (threadId, turnId, attempt) => host.settled(threadId, turnId, attempt),
    attachmentPath: (id) => host.attachmentPath(id),
    openItems: (threadId, turnId) => host.openItems(threadId, turnId),
    logFrame: (direction, frame) => host.logFrame(direction, frame),
    warn: (message, details) => host.warn(message, details),
  };
}

function forking(adapter: ProviderAdapter, known: ReadonlyMap<string, Known>): ProviderAdapter {
  return {
    capabilities: adapter.capabilities,
    perform: (effect) => adapter.perform(withFork(effect, known)),
    setPaused: (isPaused) => adapter.setPaused(isPaused),
    dispose: () => adapter.dispose(),
  };
}

function withFork(effect: ProviderEffect, known: ReadonlyMap<string, Known>): ProviderEffect {
  if (effect.type !== 'connection.open') return effect;
  if (effect.resume !== null) return withRollback(effect, known);
  const { forkOf, forkTurn } = effect.settings.options;
  const source = known.get(String(forkOf));
  if (source === undefined) return effect;
  const nativeTurnId = source.nativeTurnIds[Number(forkTurn) - 1] ?? null;
  const fork: Fork = { nativeThreadId: source.nativeThreadId, nativeTurnId };
  return { ...effect, fork };
}

function withRollback(effect: OpenConnection, known: ReadonlyMap<string, Known>): OpenConnection {
  const { rollbackTo } = effect.settings.options;
  const nativeTurnId = known.get(effect.threadId)?.nativeTurnIds[Number(rollbackTo) - 1];
  return nativeTurnId === undefined ? effect : { ...effect, rollback: { nativeTurnId, files: true } };
}
