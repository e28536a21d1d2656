/** `threadchart rollback`: a thread goes back to an earlier turn, with its files. */
import { RuntimeError } from '../../machines/domain/error.ts';
import type { FactOf } from '../../machines/domain/fact.ts';
import type { TurnId } from '../../machines/domain/ids.ts';
import type { Client } from '../client/client.ts';
import { withClient, type ClientFlags } from './connection.ts';
import { counted } from './counted.ts';
import { EXIT_CODES, type ExitCode } from './exit-codes.ts';
import { threadIdOf, turnIdOf } from './given-ids.ts';
import type { Terminal } from './terminal.ts';
import { WholeEvents } from './whole-events.ts';

export interface RollbackFlags extends ClientFlags {
  /** The last turn that stays; absent: none does. */
  readonly to?: string;
  /** Only says what would happen. */
  readonly plan?: boolean;
  readonly conversationOnly?: boolean;
  readonly filesOnly?: boolean;
  /** Files that are put back although others changed them. */
  readonly force?: readonly string[];
}

export function rollbackCommand(thread: string, flags: RollbackFlags, terminal: Terminal): Promise<ExitCode> {
  const turnId = flags.to === undefined ? null : turnIdOf(flags.to);
  return withClient(flags, (client) =>
    flags.plan === true
      ? tellPlan({ client, thread, terminal }, turnId, flags)
      : goBack({ client, thread, terminal }, turnId, flags),
  );
}

interface Place {
  readonly client: Client;
  readonly thread: string;
  readonly terminal: Terminal;
}

async function tellPlan(
  { client, thread, terminal }: Place,
  turnId: TurnId | null,
  flags: RollbackFlags,
): Promise<ExitCode> {
  const params = { threadId: thread, turnId, ...optionsOf(flags) };
  const plan = await client.call('orchestration.getRollbackPlan', params);
  const turns = `${counted(plan.turnIds.length, 'turn')} would be rolled back`;
  const lines = [
    ...(flags.filesOnly === true ? [] : [turns]),
    ...plan.restore.map(({ path, remains }) => `${remains ? 'put back' : 'remove  '} ${path}`),
    ...restOf('put back or remove', plan.restoreCount - plan.restore.length),
    ...plan.conflicts.map(({ path, reason }) => `left     ${path} (${reason})`),
    ...restOf('left', plan.conflictCount - plan.conflicts.length),
  ];
  terminal.print(lines.join('\n'), plan);
  return EXIT_CODES.ok;
}

const restOf = (what: string, count: number): string[] =>
  count === 0 ? [] : [`${what} ${counted(count, 'more file')}`];

const optionsOf = ({ conversationOnly = false, filesOnly = false, force = [] }: RollbackFlags) => ({
  files: !conversationOnly,
  conversation: !filesOnly,
  force: [...force],
});

async function goBack(
  { client, thread, terminal }: Place,
  turnId: TurnId | null,
  flags: RollbackFlags,
): Promise<ExitCode> {
  const threadId = threadIdOf(thread);
  const { version } = await client.call('orchestration.getThreadProjection', { threadId, limit: 1 });
  await client.dispatch({ type: 'checkpoint.rollback', threadId, turnId, ...optionsOf(flags) });
  terminal.wait('files are put back');
  const ended = await rolledBack({ client, threadId, after: version });
  terminal.wait(null);
  const { restored, target, turnIds } = ended;
  const turns = target.conversation ? [`${counted(turnIds.length, 'turn')} rolled back`] : [];
  const files = restored === null ? [] : [`${counted(restored.fileCount, 'file')} put back`];
  terminal.print([...turns, ...files].join(', '), ended);
  const { conflicts = [], conflictCount = 0 } = restored ?? {};
  for (const { path, reason } of conflicts) terminal.note(`left ${path} (${reason})`);
  for (const line of restOf('left', conflictCount - conflicts.length)) terminal.note(line);
  return EXIT_CODES.ok;
}

type Ended = FactOf<'rollback.ended'>;

/** @throws {RuntimeError} what the files could not be put back for */
async function rolledBack(where: ConstructorParameters<typeof WholeEvents>[0]): Promise<Ended> {
  const { promise, resolve, reject } = Promise.withResolvers<Ended>();
  const events = new WholeEvents(
    { ...where, deltas: false },
    {
      onError: reject,
      onEvent: ({ fact }) => {
        if (fact.type !== 'rollback.ended') return;
        if (fact.failure === null) resolve(fact);
        else reject(new RuntimeError(fact.failure.code, fact.failure.message));
      },
    },
  );
  return promise.finally(() => events.end());
}
