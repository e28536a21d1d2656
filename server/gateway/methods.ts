/** What each method does. Subscriptions belong to the socket; all else is a look at the runtime or a command to it. */
import { RuntimeError } from '../../machines/domain/error.ts';
import type { DiffRead, Runtime, RuntimeReads } from '../runtime/api.ts';
import type { Handlers } from './call-method.ts';
import { fit } from './fit.ts';
import { fitSnapshot } from './frames.ts';
import type { Limits } from './limits.ts';
import { PAGES, PROTOCOL_VERSION, type ParamsOf, type ResultOf } from './protocol.ts';
import { getThreadStateAt } from './get-thread-state-at.ts';
import { readInspected } from './read-inspected.ts';
import { readEvents } from './read-events.ts';
import type { Principal } from './scope.ts';

/** The socket, as methods see it. */
export interface MethodContext {
  readonly principal: Principal;
  readonly runtime: Runtime;
  readonly limits: Limits;
  /** @returns the id of the new subscription, whose first message comes after the answer. */
  subscribeThread(params: ParamsOf<'orchestration.subscribeThread'>): string;
  subscribeShell(params: ParamsOf<'orchestration.subscribeShell'>): string;
  inspectThread(params: ParamsOf<'inspection.subscribeThread'>): string;
  unsubscribe(subscriptionId: string): void;
  acknowledge(subscriptionId: string, sequence: number): void;
}

export const HANDLERS: Handlers<MethodContext> = {
  'server.info': ({ runtime: { info } }) => ({
    version: info.version,
    protocol: PROTOCOL_VERSION,
    epoch: info.epoch,
    machineHash: info.machineHash,
  }),
  'providers.list': ({ runtime, limits }) => {
    const room = { bytes: limits.messageBytes / 2, textBytes: limits.textBytes };
    return {
      providers: fit([...runtime.reads.instances()], room).value,
      notices: fit([...runtime.notices], room).value,
    };
  },
  'orchestration.dispatchCommand': ({ runtime }, { commandId, command }) =>
    runtime.dispatch(commandId, command),
  'orchestration.listThreads': ({ runtime, limits }, params) => listThreads(runtime.reads, params, limits),
  'orchestration.getThreadProjection': ({ runtime, limits }, { threadId, before = null, limit }) => {
    const { sequence, version, snapshot } = runtime.reads.snapshot(threadId, { before, limit });
    return {
      epoch: runtime.reads.epoch.epoch,
      sequence,
      version,
      snapshot: fitSnapshot(snapshot, limits),
    };
  },
  'orchestration.getThreadStateAt': (context, params) => getThreadStateAt(context, params),
  'orchestration.getItem': ({ runtime }, { threadId, itemId, offset, limit }) => {
    runtime.reads.version(threadId);
    const item = runtime.reads.item(threadId, itemId);
    if (item === null) {
      throw new RuntimeError('ITEM_NOT_FOUND', `no item ${itemId} in thread ${threadId}`, {
        details: { threadId, itemId },
      });
    }
    return { text: item.text.slice(offset, offset + limit), total: item.text.length };
  },
  'orchestration.subscribeShell': (context, params) => ({ subscriptionId: context.subscribeShell(params) }),
  'orchestration.subscribeThread': (context, params) => ({ subscriptionId: context.subscribeThread(params) }),
  'inspection.subscribeThread': (context, params) => ({ subscriptionId: context.inspectThread(params) }),
  'inspection.readEntries': (context, params) => readInspected(context, params),
  'orchestration.unsubscribe': (context, { subscriptionId }) => {
    context.unsubscribe(subscriptionId);
    return {};
  },
  'orchestration.acknowledge': (context, { subscriptionId, sequence }) => {
    context.acknowledge(subscriptionId, sequence);
    return {};
  },
  'orchestration.readEvents': ({ runtime, principal, limits }, params) =>
    readEvents(runtime.reads, params, { withInputs: principal.scopes.has('admin'), limits }),
  'orchestration.getTurnDiff': async ({ runtime, limits }, { threadId, turnId, ...query }) => {
    runtime.reads.version(threadId);
    return fittingDiff(await runtime.diffs.ofTurn(threadId, turnId, query), limits);
  },
  'orchestration.getThreadDiff': async ({ runtime, limits }, { threadId, ...query }) => {
    runtime.reads.version(threadId);
    return fittingDiff(await runtime.diffs.ofThread(threadId, query), limits);
  },
  'orchestration.getRollbackPlan': async ({ runtime }, { threadId, ...query }) => {
    runtime.reads.version(threadId);
    const { turnIds, restore, conflicts, ...plan } = await runtime.diffs.plan(threadId, query);
    return { ...plan, turnIds: [...turnIds], restore: [...restore], conflicts: [...conflicts] };
  },
  'workspace.listFolders': async ({ runtime }, { path = null }) => {
    const { roots, folders, ...read } = await runtime.folders.list(path);
    return { ...read, roots: [...roots], folders: [...folders] };
  },
  'store.purge': async ({ runtime }, { threadIds, deletedBefore = 0 }) => {
    const purged = threadIds ?? runtime.reads.deletedThreads(deletedBefore, PAGES.mostCount);
    await runtime.purge(purged);
    return { purged };
  },
};

/** A page that would be longer than a message goes without its diff: file by file there is room. */
function fittingDiff({ files, ...read }: DiffRead, limits: Limits): ResultOf<'orchestration.getTurnDiff'> {
  const result = { ...read, files: [...files] };
  const isTooLong = Buffer.byteLength(JSON.stringify(result)) > limits.messageBytes - 2_048;
  return isTooLong ? { ...result, diff: null, truncated: true } : result;
}

type ListResult = ResultOf<'orchestration.listThreads'>;

/** Half as many rows where a page would be longer than a message. */
function listThreads(
  reads: RuntimeReads,
  params: ParamsOf<'orchestration.listThreads'>,
  limits: Limits,
): ListResult {
  const { archived, status, query, cursor, limit } = params;
  const { rows, next } = reads.listThreads({
    limit,
    ...(archived === undefined ? {} : { archived }),
    ...(status === undefined ? {} : { status }),
    ...(query === undefined ? {} : { query }),
    ...(cursor === undefined ? {} : { cursor }),
  });
  const isTooLong = limit > 1 && Buffer.byteLength(JSON.stringify(rows)) > limits.messageBytes - 2_048;
  if (isTooLong) return listThreads(reads, { ...params, limit: Math.ceil(limit / 2) }, limits);
  return { threads: rows, next };
}
