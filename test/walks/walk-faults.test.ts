/** The reference model can fail: each fault that is planted here is found by the walk beside it. */
import { describe, expect, it } from 'vitest';
import type { Effect, ProviderEffect } from '../../machines/domain/effect.ts';
import type { ThreadEntry } from '../../machines/domain/entry.ts';
import { RuntimeError } from '../../machines/domain/error.ts';
import type { Fact } from '../../machines/domain/fact.ts';
import { turnIdSchema, type TurnId } from '../../machines/domain/ids.ts';
import { ThreadView } from '../../server/client/thread-view.ts';
import { Outbox } from '../../server/gateway/outbox.ts';
import { Adapters } from '../../server/runtime/adapters.ts';
import { ThreadRuntime } from '../../server/runtime/runtime.ts';
import { Staging } from '../../server/runtime/staging.ts';
import { Timers } from '../../server/runtime/timers.ts';
import { sabotage } from '../helpers/sabotage.ts';
import type { Action, Wish } from './action.ts';
import { Walk } from './walk.ts';

interface Fault {
  readonly name: string;
  readonly plant: (walk: Walk) => void;
  readonly actions: readonly Action[];
  /** As the model words it. */
  readonly found: string;
}

const command = (of: Wish, client = 0): Action => ({ do: 'command', client, thread: 0, of });
const submit = (text: string, mode = 'start'): Action => command({ type: 'turn.submit', text, mode });
const TITLE = command({ type: 'thread.setTitle' });
const ACCEPT = command({ type: 'request.respond', decision: 'accept' });
const REPEAT: Action = { do: 'repeat', client: 1, back: 0 };
const GONE = turnIdSchema.parse('gone');
const GO_ON: Action = { do: 'time', ms: 20 };

/** What is drawn becomes something else, in the journal and for clients. */
const draw =
  (change: (fact: Fact) => readonly Fact[]): (() => void) =>
  () =>
    sabotage(Staging, 'add', (_, [entry, ...rest], add) => {
      const { facts, ...more } = entry as ThreadEntry;
      add({ ...more, facts: more.kind === 'input' ? facts.flatMap(change) : facts }, ...rest);
    });
const without = (type: Fact['type']): (() => void) => draw((fact) => (fact.type === type ? [] : [fact]));

const perform =
  (change: (effect: ProviderEffect) => readonly ProviderEffect[]): (() => void) =>
  () =>
    sabotage(Adapters, 'perform', (_, [instanceId, effect], original) => {
      for (const each of change(effect as ProviderEffect)) original(instanceId, each);
    });
const twice = (type: ProviderEffect['type']) =>
  perform((effect) => (effect.type === type ? [effect, effect] : [effect]));

type StartTurn = Extract<Effect, { type: 'turn.start' }>;
const isStart = (effect: Effect): effect is StartTurn => effect.type === 'turn.start';

const parted = (effects: readonly Effect[]): readonly [StartTurn[], Effect[]] => [
  effects.filter(isStart),
  effects.filter((effect) => !isStart(effect)),
];

/** Of two prompts that wait the second begins first. */
function swap(): void {
  const waiting: TurnId[] = [];
  draw((fact) => {
    if (fact.type === 'queue.added') waiting.push(fact.entry.turnId);
    const index = fact.type === 'turn.began' ? waiting.indexOf(fact.turnId) : -1;
    const turnId = waiting[1 - index];
    return index < 0 || turnId === undefined ? [fact] : [{ ...fact, turnId } as Fact];
  })();
}

const FAULTS: readonly Fault[] = [
  {
    name: 'receipts that are not written',
    plant: ({ server: { store } }) => void Object.assign(store.receipts, { set: () => store.receipts }),
    actions: [TITLE],
    found: 'was acknowledged and is lost',
  },
  {
    name: 'receipts that are not looked up',
    plant: ({ server: { store } }) =>
      void Object.assign(store.receipts, { get: () => undefined, has: () => false }),
    actions: [TITLE, REPEAT],
    found: 'took effect twice',
  },
  {
    name: 'a refusal of what was done',
    plant: () =>
      sabotage(ThreadRuntime, 'dispatch', async (_, given, original) => {
        const result = await original(...given);
        const [, { type }] = given as [string, { type: string }];
        if (type === 'thread.setTitle') throw new RuntimeError('THREAD_BUSY', 'planted');
        return result;
      }),
    actions: [TITLE],
    found: 'was refused and took effect',
  },
  {
    name: 'an answer about something else',
    plant: () =>
      sabotage(ThreadRuntime, 'dispatch', async (_, given, original) => {
        const result = (await original(...given)) as { sequence: number };
        return { ...result, sequence: result.sequence + 1 };
      }),
    actions: [TITLE],
    found: 'its answers say something else',
  },
  {
    name: 'an event that is not sent',
    plant: () =>
      sabotage(Outbox, 'send', (_, [text], send) => {
        const message = JSON.parse(String(text)) as { params?: { frames?: { fact?: Fact }[] } };
        const frames = message.params?.frames?.filter(({ fact }) => fact?.type !== 'thread.titleSet');
        send(
          JSON.stringify(
            frames === undefined ? message : { ...message, params: { ...message.params, frames } },
          ),
        );
      }),
    actions: [TITLE],
    found: 'was not shown what was committed',
  },
  {
    name: 'a message that is lost',
    plant: () =>
      sabotage(Outbox, 'send', (_, [text], send) => {
        if (!String(text).includes('"thread.titleSet"') || !String(text).includes('"orchestration.thread"'))
          send(text);
      }),
    actions: [TITLE, submit('hi')],
    found: 'found a gap',
  },
  {
    name: 'an event that is not folded',
    plant: () =>
      sabotage(ThreadView, 'apply', (_, [event], apply) => {
        if ((event as { fact: Fact }).fact.type !== 'thread.titleSet') apply(event);
      }),
    actions: [TITLE],
    found: 'holds another thread',
  },
  {
    name: 'a second end of a turn',
    plant: draw((fact) => (fact.type === 'turn.ended' ? [fact, fact] : [fact])),
    actions: [submit('hi'), GO_ON],
    found: 'ends twice',
  },
  {
    name: 'a deadline that is never looked at',
    plant: () => sabotage(Timers, 'look', () => {}),
    actions: [submit('silent')],
    found: 'neither ends nor waits for a person',
  },
  {
    name: 'a turn that is active after its end',
    plant: draw((fact) =>
      fact.type === 'thread.statusChanged' ? [{ ...fact, activeTurnId: fact.activeTurnId ?? GONE }] : [fact],
    ),
    actions: [submit('hi'), GO_ON],
    found: 'is ready with turn gone',
  },
  {
    name: 'prompts that overtake each other',
    plant: swap,
    actions: [submit('ask'), submit('one', 'queue'), submit('two', 'queue'), GO_ON, ACCEPT, GO_ON],
    found: 'begin in the wrong order',
  },
  {
    name: 'effects that are performed before their commit',
    plant: ({ server }) =>
      sabotage(Staging, 'add', (_, [entry, stream, effects], add) => {
        const [early, others] = parted(effects as readonly Effect[]);
        add(entry, stream, others);
        for (const effect of early) server.run.provider.perform(effect);
      }),
    actions: [submit('hi'), GO_ON, submit('again')],
    found: 'performed before its commit',
  },
  {
    name: 'a prompt that is forgotten',
    plant: without('queue.added'),
    actions: [submit('wait'), submit('later', 'queue')],
    found: 'is nowhere',
  },
  {
    name: 'a prompt that is handed over twice',
    plant: twice('turn.start'),
    actions: [submit('hi')],
    found: 'reached the provider 2 times, and 1 were given',
  },
  {
    name: 'an answer that is given twice',
    plant: twice('request.answer'),
    actions: [submit('ask'), GO_ON, ACCEPT],
    found: 'reached the provider 2 times, and 1 were given',
  },
  {
    name: 'a prompt of nobody',
    plant: perform((effect) =>
      effect.type === 'turn.start' ? [{ ...effect, clientMessageId: 'nobody.1' }] : [effect],
    ),
    actions: [submit('hi')],
    found: 'is not in the journal',
  },
  {
    name: 'a turn without a prompt',
    plant: ({ server: { world } }) => void Object.assign(world.received, { push: () => 0 }),
    actions: [submit('hi'), GO_ON],
    found: 'its prompt never reached the provider',
  },
];

describe('a walk finds out', () => {
  it.each(FAULTS)('$name', async ({ plant, actions, found }) => {
    const walk = new Walk();
    plant(walk);
    try {
      await expect(walk.go(actions)).rejects.toThrow(found);
    } finally {
      await walk.close();
    }
  });
});
