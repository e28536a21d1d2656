/** Ways through the exploration, one for every arrow between two combinations of states. */
import { Canon, IDS, type Timers } from './canonical.ts';
import { explore, nameOf, wayTo, type State, type Way } from './explore.ts';
import type { Charts } from '../../machines/charts.ts';
import type { Bounds, Move } from './environment.ts';
import type { ThreadInput } from '../../machines/domain/input.ts';

/** The states of the three charts in words. */
export const valuesOf = ({ root, connection, turn }: Charts): string =>
  JSON.stringify([root.value, connection?.value ?? null, turn?.value ?? null]);

/** The longest ways first; one that only begins another one is left out. */
export function waysOverAllArrows(bounds: Bounds): readonly Way[] {
  const arrows = new Map<string, { readonly state: State; readonly move: Move }>();
  explore(bounds, {
    onStep: ({ state, move, charts }) => {
      const arrow = `${valuesOf(state.charts)} ${nameOf(move)} ${valuesOf(charts)}`;
      if (!arrows.has(arrow)) arrows.set(arrow, { state, move });
    },
  });
  const ways = [...arrows.values()].map(({ state, move }) => [...wayTo(state), move]);
  const begun = new Set<string>();
  const left: Way[] = [];
  for (const way of ways.toSorted((a, b) => b.length - a.length)) {
    const labels = way.map(({ label }) => label);
    if (begun.has(labels.join())) continue;
    for (let length = 1; length <= way.length; length += 1) begun.add(labels.slice(0, length).join());
    left.push(way);
  }
  return left;
}

/** Where a way stands that is gone with ids of its own. */
export interface Place {
  readonly threadId: string;
  readonly charts: Charts;
  readonly timers: Timers;
}

const canon = new Canon();

/** A move of the exploration in the ids of this place; ids that it makes are fresh ones. */
export function inputAt(
  move: Move,
  { threadId, charts, timers }: Place,
  freshId: (letter: string) => string,
): ThreadInput {
  const actual = new Map([...canon.namesOf(charts, timers)].map(([name, other]) => [other, name]));
  const links = (charts.root.context as { connectionCount: number }).connectionCount;
  const attempt = (charts.turn?.context as { attempt?: number } | undefined)?.attempt ?? 1;
  const named = move.label
    .replaceAll(IDS, (name) => {
      const known = actual.get(name) ?? (FOREIGN.has(name) ? name : freshId(name.charAt(0)));
      actual.set(name, known);
      return known;
    })
    .replaceAll(/t1#(\d)/g, (_, number: string) => `${threadId}#${links - 1 + Number(number)}`)
    .replaceAll(/"attempt":(\d)/g, (_, number: string) => `"attempt":${attemptOf(Number(number), attempt)}`);
  return JSON.parse(named) as ThreadInput;
}

const FOREIGN: ReadonlySet<string> = new Set(['T90', 'R90']);

/** 0 is none; 2 stands for any attempt after the first. */
const attemptOf = (named: number, current: number): number => {
  if (named === 0 || current < 2) return named;
  return named === 2 ? current : current - 1;
};
