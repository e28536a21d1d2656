/** OpenCode through `opencode serve` over HTTP and its event stream: one process per instance, many threads on it. */
import type { ProviderDriver } from '../../machines/ports/provider.ts';
import { LifecycleAdapter } from '../shared/adapter.ts';
import { CAPABILITIES } from './capabilities.ts';
import { overHttp } from './http-process.ts';
import { launchSpec } from './launch.ts';
import { lifecycleOf } from './lifecycle.ts';
import { PERFORMER } from './perform.ts';
import { OPENCODE_PLAYBACK } from './playback.ts';

const TAKES = ['args', 'home'] as const;

/** Speaks with processes that talk in lines: recorded ones, and real ones behind `overHttp`. */
export const opencodeOverLines: ProviderDriver = {
  driver: 'opencode',
  takes: TAKES,
  playback: OPENCODE_PLAYBACK,
  create: (instance, host) =>
    new LifecycleAdapter(host, {
      capabilities: CAPABILITIES,
      lifecycle: lifecycleOf(launchSpec(instance, process.env), host),
      performer: PERFORMER,
    }),
};

/** Makes opencode adapters; the driver's name in the configuration is `opencode`. */
export const opencodeDriver: ProviderDriver = {
  driver: 'opencode',
  takes: TAKES,
  create: (instance, host) =>
    opencodeOverLines.create(instance, {
      processes: overHttp(host.processes),
      report: (threadId, input) => host.report(threadId, input),
      reportInstance: (input) => host.reportInstance(input),
      settled: (threadId, turnId, attempt) => host.settled(threadId, turnId, attempt),
      attachmentPath: (attachmentId) => host.attachmentPath(attachmentId),
      openItems: (threadId, turnId) => host.openItems(threadId, turnId),
      logFrame: (direction, frame) => host.logFrame(direction, frame),
      warn: (message, details) => host.warn(message, details),
    }),
};

export { overHttp };
