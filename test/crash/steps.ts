/** What a scenario is made of: what a client asks for, what a provider does by itself, and what goes wrong. */
import type { Capabilities } from '../../machines/domain/capability.ts';
import type { ThreadId } from '../../machines/domain/ids.ts';
import type { ScriptedClient } from '../helpers/scripted-client.ts';
import type { RuntimeRun } from '../helpers/start-runtime.ts';
import { threadId } from '../helpers/server-runs.ts';
import type { CrashWorkspace } from './crash-workspace.ts';

export interface Stage {
  readonly run: RuntimeRun;
  readonly client: ScriptedClient;
  /** The repository that threads work in; only of a scenario that asks for one. */
  readonly workspace: CrashWorkspace | null;
}
export type Step = (stage: Stage) => void;
export interface Scenario {
  readonly name: string;
  readonly steps: readonly Step[];
  /** So many steps are for what comes before; the server dies after them. */
  readonly givenCount?: number;
  /** Of the provider; the scripted one's own unless told. */
  readonly capabilities?: Capabilities;
  /** Threads work in a real repository. */
  readonly isInRepository?: boolean;
  /** Must hold after the recovery, and after what the client does then. Throws. */
  readonly holds?: (stage: Stage) => void;
}

export const create =
  (thread: string, more: Record<string, unknown> = {}): Step =>
  ({ client }) =>
    void client.send({
      type: 'thread.create',
      threadId: thread,
      // of its own: which of two is told that a folder is shared depends on who begins first
      cwd: `/work/${thread}`,
      instanceId: 'scripted',
      ...more,
    });
export const submit =
  (thread: string, text: string, mode = 'start'): Step =>
  ({ client }) =>
    void client.send({ type: 'turn.submit', threadId: thread, text, mode });
export const ask =
  (thread: string, type: string, more: Record<string, unknown> = {}): Step =>
  ({ client }) =>
    void client.send({ type, threadId: thread, ...more });
export const answer =
  (thread: string, index: number, decision: string): Step =>
  ({ run, client }) => {
    const request = run.snapshot(threadId(thread)).requests[index];
    if (request === undefined) return;
    const { requestId } = request;
    const given = request.body.kind === 'question' ? { answers: { q1: ['red'] } } : { decision };
    client.send({ type: 'request.respond', threadId: thread, requestId, ...given });
  };
export const pass =
  (ms: number): Step =>
  ({ run }) =>
    run.clock.advance(ms);
export const faults =
  (given: RuntimeRun['world']['faults']): Step =>
  ({ run }) =>
    void Object.assign(run.world.faults, given);
export const die: Step = ({ run }) => run.provider.die();
export const begin =
  (thread: string, text: string): Step =>
  ({ run }) => {
    const id = connectionOf(run, threadId(thread));
    if (id !== undefined) run.provider.begin(id, text);
  };
const connectionOf = (run: RuntimeRun, id: ThreadId) =>
  run.provider.connectionIds.find((connectionId) => connectionId.startsWith(`${id}#`));
