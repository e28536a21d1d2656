/** Where an agent is killed: each moment of a thread that has a name. */
import type { FactOf, FactType } from '../../machines/domain/fact.ts';
import type { ItemKind } from '../../machines/domain/item.ts';
import type { KilledWorld, Worker } from './killed-agents.ts';
import type { LiveThread } from './live-thread.ts';

export interface KillPoint {
  readonly name: string;
  /** More comes by itself afterwards, so that the kill may be a little later. */
  readonly goesOn: boolean;
  reach(world: KilledWorld, worker: Worker): Promise<void>;
}

const submit = ({ name, thread }: Worker, what: string, mode: 'start' | 'steer' = 'start') =>
  thread.submit(`${what} of ${name}`, { mode });

/** The first fact of the type that came after as many events, or an end of the turn that it was to be of. */
async function next<T extends FactType>(
  thread: LiveThread,
  { type, after }: { readonly type: T; readonly after: number },
  isIt: (fact: FactOf<T>) => boolean = () => true,
): Promise<void> {
  const isThere = (): boolean =>
    thread.events
      .slice(after)
      .some(({ fact }) => fact.type === 'turn.ended' || (fact.type === type && isIt(fact as FactOf<T>)));
  await thread.until(isThere, type);
}

/** In a turn that speaks, runs a command and speaks again. */
const working = <T extends FactType>(
  name: string,
  type: T,
  isIt?: (thread: LiveThread, fact: FactOf<T>) => boolean,
): KillPoint => ({
  name,
  goesOn: true,
  async reach(_, worker) {
    const { thread } = worker;
    const after = thread.events.length;
    await submit(worker, 'work');
    await next(thread, { type, after }, (fact) => isIt?.(thread, fact) ?? true);
  },
});

const isOf =
  (kind: ItemKind) =>
  (_: LiveThread, { item }: FactOf<'item.started' | 'item.completed'>): boolean =>
    item.body.kind === kind;
const isDeltaOf =
  (kind: ItemKind, text = '') =>
  (thread: LiveThread, { itemId }: FactOf<'item.delta'>): boolean => {
    const item = thread.items(kind).find((each) => each.itemId === itemId);
    return item?.text.startsWith(text) === true;
  };

/** After the first words of a turn. */
const speaking = (name: string, act: (worker: Worker) => Promise<unknown>): KillPoint => ({
  name,
  goesOn: false,
  async reach(_, worker) {
    const { thread } = worker;
    const after = thread.events.length;
    await submit(worker, 'work');
    await next(thread, { type: 'item.delta', after });
    await act(worker);
  },
});

/** A person is asked about a command. */
const asking = (
  name: string,
  act: (thread: LiveThread, requestId: string) => Promise<unknown>,
): KillPoint => ({
  name,
  goesOn: false,
  async reach(_, worker) {
    const { thread } = worker;
    await thread.do({ type: 'thread.setRuntimeMode', runtimeMode: 'approval-required' });
    await submit(worker, 'ask');
    const { requestId } = await thread.request();
    await act(thread, requestId);
    await thread.do({ type: 'thread.setRuntimeMode', runtimeMode: 'full-access' });
  },
});

export const KILL_POINTS: readonly KillPoint[] = [
  { name: 'at rest', goesOn: false, reach: () => Promise.resolve() },
  {
    name: 'while it starts',
    goesOn: false,
    async reach(world, worker) {
      await world.kill();
      await world.mustSettle();
      await submit(worker, 'work');
      await world.isStarting();
    },
  },
  {
    name: 'when it is open again',
    goesOn: true,
    async reach(world, worker) {
      const { thread } = worker;
      await world.kill();
      const after = thread.events.length;
      await submit(worker, 'work');
      await next(thread, { type: 'connection.opened', after });
    },
  },
  working('when the prompt is handed over', 'turn.began'),
  working('when it has taken the prompt', 'turn.accepted'),
  working('when the turn has begun', 'turn.started'),
  working('at the first words', 'item.delta'),
  working('when a command begins', 'item.started', isOf('command')),
  working('when a command speaks', 'item.delta', isDeltaOf('command')),
  working('when a command has ended', 'item.completed', isOf('command')),
  working('at the last words', 'item.delta', isDeltaOf('assistant_message', 'That is')),
  working('when the turn has ended', 'turn.ended'),
  speaking('when it is interrupted', ({ thread }) => thread.do({ type: 'turn.interrupt' })),
  speaking('when it is steered', (worker) => submit(worker, 'steer', 'steer')),
  speaking('when it is stopped', ({ thread }) => thread.do({ type: 'thread.stop' })),
  asking('while a person is asked', () => Promise.resolve()),
  asking('when a person has answered', (thread, requestId) =>
    thread.do({ type: 'request.respond', requestId, decision: 'accept' }),
  ),
];
