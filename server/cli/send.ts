/** `threadchart send`: a prompt to a thread, its answer streamed, the end of its turn as exit code. */
import { resolve } from 'node:path';
import { RuntimeError } from '../../machines/domain/error.ts';
import type { ThreadId } from '../../machines/domain/ids.ts';
import type { SubmitMode } from '../../machines/domain/command.ts';
import type { RuntimeMode } from '../../machines/domain/settings.ts';
import type { Client } from '../client/client.ts';
import { commandLine } from './command-line.ts';
import { withClient, type ClientFlags } from './connection.ts';
import { EXIT_CODES, type ExitCode } from './exit-codes.ts';
import { threadIdOf } from './given-ids.ts';
import { SentTurn } from './sent-turn.ts';
import type { Terminal } from './terminal.ts';

export interface SendFlags extends ClientFlags {
  readonly thread?: string;
  readonly instance?: string;
  readonly cwd?: string;
  readonly model?: string;
  readonly access?: RuntimeMode;
  readonly mode?: SubmitMode;
}

export async function sendCommand(text: string, flags: SendFlags, terminal: Terminal): Promise<ExitCode> {
  if (text.trim() === '') throw new RuntimeError('INVALID_PARAMS', 'the prompt is empty');
  return withClient(flags, async (client) => {
    const threadId =
      flags.thread === undefined ? await createThread(client, flags) : threadIdOf(flags.thread);
    if (flags.thread === undefined) terminal.note(`thread ${threadId}`);
    const { mode = 'start' } = flags;
    const turn = new SentTurn({ client, threadId, terminal, flags });
    const ended = await turn.run({ type: 'turn.submit', threadId, text, mode });
    if (ended === null) return EXIT_CODES.left;
    if (ended.status === 'cancelled') terminal.note('[cancelled] the prompt was taken out of the queue');
    if (ended.failure?.code === 'INSTANCE_UNAVAILABLE') await tellOfDemo(client, flags, terminal);
    return ended.status === 'completed' ? EXIT_CODES.ok : EXIT_CODES.turnFailed;
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
async function tellOfDemo(client: Client, flags: SendFlags, terminal: Terminal): Promise<void> {
  const { providers } = await client.call('providers.list', {});
  const demo = providers.find(({ driver, available }) => driver === 'replay' && available);
  if (demo === undefined) return;
  const line = commandLine(['send', '--instance', demo.instanceId, 'hello'], flags);
  terminal.note(`without an agent, play a recording: ${line}`);
}

async function firstInstance(client: Client): Promise<string> {
  const { providers } = await client.call('providers.list', {});
  const [first] = providers;
  if (first === undefined) throw new RuntimeError('INSTANCE_NOT_FOUND', 'no provider instance is configured');
  return first.instanceId;
}
