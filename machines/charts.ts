/** What both drivers share: the charts of one stream as plain snapshots, their durable form, and what they draw. */
import type { AnyMachineSnapshot, AnyStateMachine, Snapshot } from 'xstate';
import { connectionMachine } from './connection.machine.ts';
import type { InstanceContext, ThreadContext } from './domain/context.ts';
import type { Effect } from './domain/effect.ts';
import { isSameFailure } from './domain/error.ts';
import { statusSchema, type Fact, type FactOf } from './domain/fact.ts';
import type { InstanceFact } from './domain/instance.ts';
import type { ArmTimer, CancelTimer, TimerChange } from './domain/timer.ts';
import { instanceMachine } from './instance.machine.ts';
import { threadMachine } from './thread.machine.ts';
import { turnMachine } from './turn.machine.ts';

export type ChildId = 'connection' | 'turn';
export type ActorId = 'root' | ChildId;
export type RootKind = 'thread' | 'instance';

/** The snapshots of a root actor and its children; a child that is not there has no entry. */
export interface Charts {
  readonly root: AnyMachineSnapshot;
  readonly connection?: AnyMachineSnapshot;
  readonly turn?: AnyMachineSnapshot;
}

/** What the charts drew from one input, in order. */
export interface Drawn {
  readonly facts: (Fact | InstanceFact)[];
  readonly effects: Effect[];
  readonly timers: TimerChange[];
}

export const newDrawn = (): Drawn => ({ facts: [], effects: [], timers: [] });

export const ROOTS: Readonly<Record<RootKind, AnyStateMachine>> = {
  thread: threadMachine,
  instance: instanceMachine,
};
export const CHILDREN: Readonly<Record<ChildId, AnyStateMachine>> = {
  connection: connectionMachine,
  turn: turnMachine,
};

/** The machines that a stream is stepped by: by default those of this release. */
export interface Machines {
  readonly roots: Readonly<Record<RootKind, AnyStateMachine>>;
  readonly children: Readonly<Record<ChildId, AnyStateMachine>>;
}
export const MACHINES: Machines = { roots: ROOTS, children: CHILDREN };

/** One actor in the durable form: our own types, independent of XState's. */
export interface StoredChart {
  readonly value: unknown;
  readonly context: unknown;
  /** Left out while it runs. */
  readonly output?: unknown;
}
export interface StoredCharts {
  readonly root: StoredChart;
  readonly connection?: StoredChart;
  readonly turn?: StoredChart;
}

export function storeCharts({ root, connection, turn }: Charts): StoredCharts {
  return {
    root: storeChart(root),
    ...(connection === undefined ? {} : { connection: storeChart(connection) }),
    ...(turn === undefined ? {} : { turn: storeChart(turn) }),
  };
}

function storeChart({ value, context, status, output }: AnyMachineSnapshot): StoredChart {
  return status === 'done' ? { value, context, output } : { value, context };
}

/** The form that XState restores from. Takes a copy, because restoring writes into what it is given. */
export function restorable(stored: StoredCharts): Snapshot<unknown> {
  const copy: StoredCharts = structuredClone(stored);
  const children: Record<string, unknown> = {};
  for (const id of ['connection', 'turn'] as const) {
    const chart = copy[id];
    if (chart !== undefined) children[id] = { snapshot: snapshotOf(chart, {}), src: id };
  }
  return snapshotOf(copy.root, children);
}

function snapshotOf(chart: StoredChart, children: Record<string, unknown>): Snapshot<unknown> {
  const { value, context } = chart;
  const rest = { value, context, historyValue: {}, children, error: undefined };
  return 'output' in chart
    ? { ...rest, status: 'done', output: chart.output }
    : { ...rest, status: 'active', output: undefined };
}

/** Records one of the four data actions; `false` for any other. */
export function draw(into: Drawn, type: string, params: unknown): boolean {
  const take = TAKE[type];
  if (take === undefined) return false;
  take(into, params);
  return true;
}

const WORDS = statusSchema.options;

/** What clients see as `status`: the tag of the leaf that the thread is in. */
export function statusOf(root: AnyMachineSnapshot): FactOf<'thread.statusChanged'> {
  const status = WORDS.find((word) => root.hasTag(word)) ?? 'error';
  const { activeTurn, lastError } = threadContextOf(root);
  return { type: 'thread.statusChanged', status, activeTurnId: activeTurn?.turnId ?? null, lastError };
}

/** States the status after an input that changed it; both drivers do so last of all. */
export function drawStatus(into: Drawn, before: AnyMachineSnapshot, after: AnyMachineSnapshot): void {
  if (before === after || after.machine.id !== 'thread') return;
  const was = statusOf(before);
  const is = statusOf(after);
  const isSame =
    was.status === is.status &&
    was.activeTurnId === is.activeTurnId &&
    isSameFailure(was.lastError, is.lastError);
  if (!isSame) into.facts.push(is);
}

/** The context of a thread's root, whose snapshots are typed where the chart is written. */
export const threadContextOf = (root: AnyMachineSnapshot): ThreadContext => root.context;
/** The same of an instance's root. */
export const instanceContextOf = (root: AnyMachineSnapshot): InstanceContext => root.context;

// the charts are typed where they are written; here their data actions meet as one
/* oxlint-disable typescript/no-unsafe-type-assertion */
const TAKE: Readonly<Record<string, (into: Drawn, params: unknown) => void>> = {
  fact: (into, params) => void into.facts.push(params as Fact),
  effect: (into, params) => void into.effects.push(params as Effect),
  armTimer: (into, params) => void into.timers.push({ op: 'arm', ...(params as ArmTimer) }),
  cancelTimer: (into, params) => void into.timers.push({ op: 'cancel', ...(params as CancelTimer) }),
};
/* oxlint-enable typescript/no-unsafe-type-assertion */
