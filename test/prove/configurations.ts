/** How large the explored worlds are. The counts are pinned from below: one that has become empty fails. */
import type { Bounds } from '../model/environment.ts';

export interface Configuration {
  readonly name: string;
  readonly bounds: Bounds;
  readonly stateCount: number;
  readonly edgeCount: number;
  /** At least so many edges are taken once more by live actors. */
  readonly replayCount: number;
  /** No more timers than this bring a silent thread to rest; left out: whatever it is. */
  readonly mostFirings?: number;
}

const THREE = { prompts: 3, requests: 3, sideRequests: 0, sideTurns: 0 };
const FOUR = { prompts: 4, requests: 4, sideRequests: 0, sideTurns: 0 };
const ALL = { prompts: 1, requests: 1, sideRequests: 1, sideTurns: 1 };
const TWO_BESIDE = { prompts: 2, requests: 1, sideRequests: 1, sideTurns: 2 };
const [again, native] = [{ nativeSteer: false }, { nativeSteer: true }];

/** A silent thread rests after so many firings of timers. */
export const MOST_FIRINGS = 9;

export const CONFIGURATIONS: readonly Configuration[] = [
  {
    name: '3 prompts, 3 requests, steers as attempts',
    bounds: { ...THREE, ...again },
    stateCount: 98_000,
    edgeCount: 2_890_000,
    replayCount: 50_000,
    mostFirings: MOST_FIRINGS,
  },
  {
    name: '3 prompts, 3 requests, native steers',
    bounds: { ...THREE, ...native },
    stateCount: 55_000,
    edgeCount: 1_620_000,
    replayCount: 10_000,
    mostFirings: MOST_FIRINGS,
  },
  {
    name: '1 of each and beside, steers as attempts',
    bounds: { ...ALL, ...again },
    stateCount: 25_000,
    edgeCount: 620_000,
    replayCount: 10_000,
    mostFirings: MOST_FIRINGS,
  },
  {
    name: '1 of each and beside, native steers',
    bounds: { ...ALL, ...native },
    stateCount: 18_500,
    edgeCount: 450_000,
    replayCount: 10_000,
    mostFirings: MOST_FIRINGS,
  },
  {
    name: 'sessions that are forgotten and switched',
    bounds: { prompts: 0, requests: 0, sideRequests: 0, sideTurns: 0, transfers: 1, ...again },
    stateCount: 23_500,
    edgeCount: 355_000,
    replayCount: 10_000,
    mostFirings: MOST_FIRINGS,
  },
  {
    name: 'workspaces that are captured and put back',
    bounds: { prompts: 1, requests: 0, sideRequests: 0, sideTurns: 0, captures: 1, ...again },
    stateCount: 12_800,
    edgeCount: 233_000,
    replayCount: 30_000,
    mostFirings: MOST_FIRINGS,
  },
  {
    name: 'a working tree of its own',
    bounds: { prompts: 1, requests: 0, sideRequests: 0, sideTurns: 0, worktree: 1, ...again },
    stateCount: 2_200,
    edgeCount: 34_500,
    replayCount: 5_000,
    mostFirings: MOST_FIRINGS,
  },
  {
    name: 'sub-agents that another connection carries',
    bounds: { prompts: 0, requests: 0, sideRequests: 0, sideTurns: 0, carried: 1, ...again },
    stateCount: 3_400,
    edgeCount: 49_000,
    replayCount: 5_000,
    mostFirings: MOST_FIRINGS,
  },
  {
    name: 'tasks of other threads',
    bounds: { prompts: 0, requests: 0, sideRequests: 0, sideTurns: 0, delegates: 2, ...again },
    stateCount: 3_500,
    edgeCount: 55_000,
    replayCount: 5_000,
    mostFirings: MOST_FIRINGS,
  },
  {
    name: 'forks and what they bring back',
    bounds: { prompts: 0, requests: 0, sideRequests: 0, sideTurns: 0, forks: 1, ...again },
    stateCount: 800,
    edgeCount: 11_000,
    replayCount: 500,
    mostFirings: MOST_FIRINGS,
  },
  {
    name: 'forks in a working tree of their own',
    bounds: { prompts: 0, requests: 0, sideRequests: 0, sideTurns: 0, forks: 1, worktree: 1, ...again },
    stateCount: 830,
    edgeCount: 11_500,
    replayCount: 500,
    mostFirings: MOST_FIRINGS,
  },
];

/** For hours at leisure: `npm run soak`. */
export const LARGER: readonly Configuration[] = [
  {
    name: '4 prompts, 4 requests, steers as attempts',
    bounds: { ...FOUR, ...again },
    stateCount: 100_000,
    edgeCount: 4_000_000,
    replayCount: 50_000,
  },
  {
    name: '2 prompts, 2 side turns, steers as attempts',
    bounds: { ...TWO_BESIDE, ...again },
    stateCount: 100_000,
    edgeCount: 2_000_000,
    replayCount: 10_000,
  },
];
