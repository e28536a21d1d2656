import { setTimeout as wait } from 'node:timers/promises';
import { readProcessTable, type SystemProcess } from './process-table.ts';

/** Names a process so that a later one with the same pid is never taken for it. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Opaque; see `processStartTime`. */
  readonly startTime: string;
  /** The random word in the process's environment. */
  readonly marker: string;
}

/** How long each step of an ending may take. */
export interface TreeEndBounds {
  /** From SIGTERM to SIGKILL; default 3,000 ms. */
  readonly termTimeoutMs?: number;
  /** From SIGKILL to giving up; default 5,000 ms. */
  readonly killTimeoutMs?: number;
}

/** How a tree of processes ended: the strongest signal that was needed, or what is still there. */
export type TreeEnd =
  | { readonly outcome: 'gone'; readonly signal: 'SIGTERM' | 'SIGKILL' | null }
  | { readonly outcome: 'survived'; readonly survivors: readonly ProcessIdentity[] };

const DEFAULT_TERM_TIMEOUT_MS = 3000;
const DEFAULT_KILL_TIMEOUT_MS = 5000;
const POLL_INTERVAL_MS = 20;

/** Finds the living processes that carry the marker, in any session; never this process, never a zombie. */
export async function listMarked(marker: string): Promise<ProcessIdentity[]> {
  const rows = await readLiving(marker);
  return rows.filter(({ hasMarker }) => hasMarker).map(({ pid, startTime }) => ({ pid, startTime, marker }));
}

/** When the process started, opaque and good for comparing only; null when there is none. A zombie still has one. */
export async function processStartTime(pid: number): Promise<string | null> {
  const [row] = await readProcessTable({ pids: [pid] });
  return row?.startTime ?? null;
}

/**
 * A process that was started with a marker, in a group of its own, with everything that came of it: what carries the
 * marker, what is in the group, and the children of both, even if they cleared their environment. What was once seen is
 * remembered, so a child stays known when its parent is gone. Out of reach: a process that cleared its environment, left
 * the session and lost its parent before it was first seen.
 */
export class ProcessTree {
  readonly #root: ProcessIdentity;
  readonly #known = new Map<string, ProcessIdentity>();
  #isGroupAlive = false;

  constructor(root: ProcessIdentity) {
    this.#root = root;
    this.#remember(root);
  }

  /** Looks through the whole process table for what lives of the tree. */
  async survey(): Promise<ProcessIdentity[]> {
    const rows = await readLiving(this.#root.marker);
    const owned = new Set(rows.filter((row) => row.hasMarker || this.#known.has(keyOf(row))));
    const { pid: groupId } = this.#root;
    // A group keeps its number from being given away as long as one of ours is in it.
    this.#isGroupAlive = [...owned].some((row) => row.groupId === groupId);
    if (this.#isGroupAlive) for (const row of rows) if (row.groupId === groupId) owned.add(row);
    addDescendants(owned, rows);
    return [...owned].map((row) => this.#remember(row));
  }

  /** Ends the tree: SIGTERM, SIGKILL after a bound, and proof that nothing of it lives. */
  async end(bounds: TreeEndBounds = {}): Promise<TreeEnd> {
    if ((await this.survey()).length === 0) return { outcome: 'gone', signal: null };
    const { termTimeoutMs = DEFAULT_TERM_TIMEOUT_MS, killTimeoutMs = DEFAULT_KILL_TIMEOUT_MS } = bounds;
    if (await this.#signalUntilGone('SIGTERM', termTimeoutMs)) return { outcome: 'gone', signal: 'SIGTERM' };
    if (await this.#signalUntilGone('SIGKILL', killTimeoutMs)) return { outcome: 'gone', signal: 'SIGKILL' };
    return { outcome: 'survived', survivors: await this.survey() };
  }

  async #signalUntilGone(signal: NodeJS.Signals, timeoutMs: number): Promise<boolean> {
    const deadline = performance.now() + timeoutMs;
    const signalled = new Set<string>();
    for (;;) {
      const living = await this.survey();
      if (living.length === 0) return true;
      const fresh = living.filter((identity) => !signalled.has(keyOf(identity)));
      if (this.#isGroupAlive && fresh.length > 0) send(-this.#root.pid, signal);
      for (const identity of fresh) {
        send(identity.pid, signal);
        signalled.add(keyOf(identity));
      }
      if (!(await waitUntilGone(living, deadline))) return (await this.survey()).length === 0;
    }
  }

  #remember({ pid, startTime }: SystemProcess | ProcessIdentity): ProcessIdentity {
    const identity = { pid, startTime, marker: this.#root.marker };
    this.#known.set(keyOf(identity), identity);
    return identity;
  }
}

async function readLiving(marker: string): Promise<SystemProcess[]> {
  const rows = await readProcessTable({ marker });
  return rows.filter(({ pid, isZombie }) => !isZombie && pid !== process.pid);
}

function keyOf({ pid, startTime }: Pick<ProcessIdentity, 'pid' | 'startTime'>): string {
  return `${pid}@${startTime}`;
}

/** A set grows while it is walked, so children of children are reached too. */
function addDescendants(owned: Set<SystemProcess>, rows: readonly SystemProcess[]): void {
  const childrenOf = Map.groupBy(rows, ({ parentPid }) => parentPid);
  for (const parent of owned) for (const child of childrenOf.get(parent.pid) ?? []) owned.add(child);
}

/** Polls the given processes only, which is cheap. False when the deadline came first. */
async function waitUntilGone(living: readonly ProcessIdentity[], deadline: number): Promise<boolean> {
  const keys = new Set(living.map(keyOf));
  const pids = living.map(({ pid }) => pid);
  for (;;) {
    const rows = await readProcessTable({ pids });
    if (!rows.some((row) => keys.has(keyOf(row)) && !row.isZombie)) return true;
    if (performance.now() >= deadline) return false;
    await wait(POLL_INTERVAL_MS);
  }
}

function send(target: number, signal: NodeJS.Signals): void {
  try {
    process.kill(target, signal);
  } catch {
    // It has just ended, or it is not ours to signal: the survey tells which.
  }
}
