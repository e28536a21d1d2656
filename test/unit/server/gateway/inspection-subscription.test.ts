import { expect, test } from 'vitest';
import type { CommittedThread, InspectedEntry } from '../../../../server/runtime/api.ts';
import { Flush } from '../../../../server/gateway/flush.ts';
import {
  InspectionSubscription,
  InspectionTick,
} from '../../../../server/gateway/inspection-subscription.ts';
import { LIMITS } from '../../../../server/gateway/limits.ts';
import { Outbox } from '../../../../server/gateway/outbox.ts';
import { Pump } from '../../../../server/gateway/pump.ts';
import { GatewayStats } from '../../../../server/gateway/stats.ts';
import { FakeRuntime } from '../../../helpers/fake-runtime.ts';

interface Message {
  readonly params: {
    readonly after: number;
    readonly frames: { kind: string; version: number; after?: number }[];
  };
}

/** A client whose socket takes as much as the test says. */
function startClient() {
  const runtime = new FakeRuntime();
  const threadId = runtime.create('t1');
  const socket = { bufferedAmount: 0, messages: [] as Message[], written: [] as (() => void)[] };
  const send = (text: string, written: () => void): void => {
    socket.messages.push(JSON.parse(text) as Message);
    socket.written.push(written);
  };
  const wire = { cork: () => {}, uncork: () => {} };
  const now = (): number => 0;
  const outbox = new Outbox(Object.assign(socket, { send }), {
    limits: LIMITS,
    now,
    onOverrun: () => {},
    wire,
    flush: new Flush(),
  });
  const fail = (error: unknown): void => {
    throw error;
  };
  const pump = new Pump({ sliceMs: 4, now });
  const surroundings = { runtime, limits: LIMITS, stats: new GatewayStats(), pump, outbox, fail };
  const subscription = new InspectionSubscription('s1', { threadId }, surroundings);
  const commit = (): void => {
    runtime.commit('t1', { type: 'thread.titleSet', title: 'x' });
    const { version } = runtime.reads.version(threadId);
    subscription.onCommitted(new InspectionTick(tickOf(threadId, version), LIMITS));
  };
  return { socket, outbox, subscription, commit };
}

const tickOf = (threadId: CommittedThread['threadId'], version: number): CommittedThread => {
  const entry = { sequence: version, version, at: 0, kind: 'input', outcome: 'applied', machineHash: '' };
  const more = { commandId: null, input: {}, facts: [], taken: [], changes: [], effects: [], timers: [] };
  const inspected = [{ ...entry, ...more } as InspectedEntry];
  return { threadId, entries: [], state: null, row: null, removed: false, inspected };
};

test('a client that reads too slowly is told which entries it has missed, once it has caught up', () => {
  const { socket, outbox, subscription, commit } = startClient();
  commit();
  expect(subscription.step()).toBe(false);
  commit();
  expect(socket.messages.map(({ params }) => params.frames.map(({ kind }) => kind))).toEqual([
    ['missed', 'synchronized'],
    ['entry'],
  ]);
  socket.bufferedAmount = LIMITS.lagBytes + 1;
  commit();
  commit();
  subscription.step();
  expect(socket.messages).toHaveLength(2);
  socket.bufferedAmount = 0;
  outbox.observe();
  subscription.step();
  commit();
  const [, seen, told, live] = socket.messages;
  expect(seen?.params.frames).toMatchObject([{ kind: 'entry', version: 3 }]);
  expect(told?.params).toMatchObject({
    after: 3,
    frames: [
      { kind: 'missed', after: 3, version: 5 },
      { kind: 'synchronized', version: 5 },
    ],
  });
  expect(live?.params).toMatchObject({ after: 5, frames: [{ kind: 'entry', version: 6 }] });
});
