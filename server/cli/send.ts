/** `threadchart send`: a prompt to a thread, its answer streamed, the end of its turn as exit code. */
import { resolve } from 'node:path';
import type { FactOf } from '../../machines/domain/fact.ts';
import { RuntimeError } from '../../machines/domain/error.ts';
import { threadIdSchema, type ThreadId } from '../../machines/domain/ids.ts';
import { SUBMIT_MODES, type SubmitMode } from '../../machines/domain/command.ts';
import { runtimeModeSchema, type RuntimeMode } from '../../machines/domain/settings.ts';
import type { Client } from '../client/client.ts';
import { withClient, type ClientFlags } from './connection.ts';
import { EXIT_CODES, type ExitCode } from './exit-codes.ts';
import type { Terminal } from './terminal.ts';
import { Transcript } from './transcript.ts';

export interface SendFlags extends ClientFlags {
  readonly thread?: string;
  readonly instance?: string;
  readonly cwd?: string;
  readonly model?: string;
  readonly access?: RuntimeMode;
  readonly mode?: SubmitMode;
}

export const SEND_MODES = SUBMIT_MODES;
export const ACCESS_MODES = runtimeModeSchema.options;

export function sendCommand(text: string, flags: SendFlags, terminal: Terminal): Promise<ExitCode> {
  return withClient(flags, async (client) => {
    const threadId =
      flags.thread === undefined ? await createThread(client, flags) : threadIdSchema.parse(flags.thread);
    if (flags.thread === undefined) terminal.note(`thread ${threadId}`);
    const { ended, submitted } = follow(client, threadId, terminal);
    const { mode = 'start' } = flags;
    const result = await client.dispatch({ type: 'turn.submit', threadId, text, mode });
    const turnId = result.turnId ?? result.queueEntryId;
    if (turnId === undefined) throw new RuntimeError('INTERNAL', 'the server named no turn');
    submitted(turnId);
    const { outcome, failure } = await ended;
    if (failure?.code === 'INSTANCE_UNAVAILABLE') await tellOfDemo(client, terminal);
    return outcome === 'completed' ? EXIT_CODES.ok : EXIT_CODES.turnFailed;
  });
}

async function createThread(
  client: Client,
  { instance, cwd = '.', model, access }: SendFlags,
): Promise<ThreadId> {
  const result = await client.dispatch({
    type: 'thread.create',
    cwd: resolve(cwd),
    instanceId: instance ?? (await firstInstance(client)),
    ...(model === undefined ? {} : { model }),
    ...(access === undefined ? {} : { runtimeMode: access }),
  });
  return result.threadId;
}

/** Whoever has no agent yet can see what a thread looks like. */
async function tellOfDemo(client: Client, terminal: Terminal): Promise<void> {
  const { providers } = await client.call('providers.list', {});
  const demo = providers.find(({ driver, available }) => driver === 'replay' && available);
  if (demo === undefined) return;
  terminal.note(`without an agent, play a recording: threadchart send --instance ${demo.instanceId} "hello"`);
}

async function firstInstance(client: Client): Promise<string> {
  const { providers } = await client.call('providers.list', {});
  const [first] = providers;
  if (first === undefined) throw new RuntimeError('INSTANCE_NOT_FOUND', 'no provider instance is configured');
  return first.instanceId;
}

/** Shows what is new in the thread, and waits for the end of the turn that was submitted. */
function follow(client: Client, threadId: ThreadId, terminal: Terminal) {
  const { promise, resolve: end, reject } = Promise.withResolvers<FactOf<'turn.ended'>>();
  // a refusal of the prompt comes first, and is what the user is told
  promise.catch(() => undefined);
  const transcript = new Transcript(terminal, threadId);
  const seen: FactOf<'turn.ended'>[] = [];
  let turnId: string | null = null;
  const check = (): void => {
    const found = seen.find((fact) => fact.turnId === turnId);
    if (found !== undefined) end(found);
  };
  client.subscribeThread(threadId, {
    onError: reject,
    onEvent: (event) => {
      transcript.show(event);
      if (event.fact.type === 'turn.ended') seen.push(event.fact);
      check();
    },
  });
  return {
    ended: promise,
    submitted: (id: string): void => {
      turnId = id;
      check();
    },
  };
}
