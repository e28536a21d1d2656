/** The exploration as a table to read: for every combination of states, what each input leads to. */
import type { AnyMachineSnapshot } from 'xstate';
import type { Charts } from '../../machines/charts.ts';
import { threadContextOf } from '../../machines/charts.ts';
import type { TurnId } from '../../machines/domain/ids.ts';
import { requestsOf } from './canonical.ts';
import type { Bounds, Move } from './environment.ts';
import { explore, nameOf, type State } from './explore.ts';

const BOUNDS = { prompts: 1, requests: 1, sideRequests: 0, sideTurns: 0 };

/** The data of a state that an outcome may depend on, beside the states themselves. */
type Data = Readonly<Record<string, string>>;
/** Data seen with an outcome, by dimension. */
type Seen = Map<string, Set<string>>;

interface Section {
  /** Input → data with which it was tried at all. */
  readonly tried: Map<string, Seen>;
  /** Input → outcome → data with which it came. */
  readonly outcomes: Map<string, Map<string, Seen>>;
}

const IGNORED = 'ignored';

/** The whole table as Markdown; the same for the same charts. */
export function tableOf(): string {
  const sections = new Map<string, Section>();
  for (const nativeSteer of [false, true]) collect(sections, { ...BOUNDS, nativeSteer });
  const names = [...sections.keys()].toSorted();
  return [HEAD, ...names.map((name) => shown(name, sections.get(name)))].join('\n');
}

const HEAD = `# What every input does in every state

Written by \`npm run generate\` from the exploration of one prompt that waits and one request; do not edit it. A section is
a combination of states: thread, connection, turn. A line is an outcome and the inputs that lead to it: the next states
(\`=\` where they stay), the facts, and after \`!\` the effects. In brackets stands what it depends on beside the states: the
queue, the state of a request, the kind of steer, why the connection closes, and whose input it is.
`;

function collect(sections: Map<string, Section>, bounds: Bounds): void {
  const steer = bounds.nativeSteer ? 'native' : 'attempt';
  explore(bounds, {
    onStep: ({ state, move, charts, drawn }) => {
      const from = valueOf(state.charts);
      const to = valueOf(charts);
      const facts = drawn.facts.map(({ type }) => type).join(' ');
      const effects = drawn.effects.map(({ type }) => type).join(' ');
      const outcome = [from === to ? '=' : to, facts, ...(effects === '' ? [] : [`! ${effects}`])].join(
        ' · ',
      );
      note(sections, { state, move, steer, outcome });
    },
    onTurned: ({ state, move, refusal }) =>
      note(sections, { state, move, steer, outcome: refusal === null ? IGNORED : refusal.code }),
  });
}

interface Noted {
  readonly state: State;
  readonly move: Move;
  readonly steer: string;
  readonly outcome: string;
}

function note(sections: Map<string, Section>, { state, move, steer, outcome }: Noted): void {
  const section = getOrAdd(sections, valueOf(state.charts), () => ({
    tried: new Map(),
    outcomes: new Map(),
  }));
  const input = nameOf(move);
  const data = { ...dataOf(state.charts), steer, of: whoseOf(state.charts, move) };
  see(getOrAdd(section.tried, input, newSeen), data);
  const outcomes = getOrAdd(section.outcomes, input, () => new Map<string, Seen>());
  see(getOrAdd(outcomes, outcome, newSeen), data);
}

const newSeen = (): Seen => new Map();

function see(seen: Seen, data: Data): void {
  for (const [dimension, value] of Object.entries(data))
    getOrAdd(seen, dimension, () => new Set<string>()).add(value);
}

function valueOf({ root, connection, turn }: Charts): string {
  return [root, connection, turn]
    .flatMap((chart) => (chart === undefined ? [] : [leavesOf(chart)]))
    .join(' | ');
}

/** Of snapshots that many states share. */
const leaves = new WeakMap<AnyMachineSnapshot, string>();

function leavesOf(chart: AnyMachineSnapshot): string {
  let text = leaves.get(chart);
  if (text === undefined) {
    text = leafOf(chart.value);
    leaves.set(chart, text);
  }
  return text;
}

/** `bound.working.running` */
function leafOf(value: unknown): string {
  if (typeof value !== 'object' || value === null) return String(value);
  return Object.entries(value)
    .map(([key, inner]) => `${key}.${leafOf(inner)}`)
    .join(' ');
}

function dataOf({ root, turn }: Charts): Data {
  const { queue, link } = threadContextOf(root);
  const first = queue.entries[0];
  const [request] = Object.values(requestsOf(turn));
  return {
    queue:
      first === undefined
        ? 'empty'
        : queue.status === 'held'
          ? 'held'
          : first.intent === 'next'
            ? 'next'
            : 'flowing',
    request: request?.status ?? 'none',
    why: link.closing ?? 'open',
  };
}

/** Whose input it is, where that can be told: of this turn, connection or entry, or of another. */
function whoseOf(charts: Charts, { input }: Move): string {
  if ('connectionId' in input && input.connectionId.endsWith('#0')) return 'another connection';
  if (input.type === 'turn.submit') return input.expected === null ? 'any turn' : 'another turn';
  if ('queueEntryId' in input) return isQueued(charts, input.queueEntryId) ? 'an entry' : 'no entry';
  if ('requestId' in input) return input.requestId in requestsOf(charts.turn) ? 'a request' : 'no request';
  if (!('turnId' in input) || input.type === 'turn.retry') return 'its own';
  return turnOf(charts, input.turnId, 'attempt' in input ? input.attempt : 0);
}

const isQueued = ({ root }: Charts, id: TurnId): boolean =>
  threadContextOf(root).queue.entries.some(({ turnId }) => turnId === id);

function turnOf(charts: Charts, turnId: TurnId | null, attempt: number): string {
  if (turnId === null) return 'no turn';
  if (turnId !== threadContextOf(charts.root).activeTurn?.turnId) return 'another turn';
  return attempt > 0 && attempt !== attemptOf(charts) ? 'another attempt' : 'this turn';
}

const attemptOf = ({ turn }: Charts): number =>
  (turn?.context as { attempt?: number } | undefined)?.attempt ?? 1;

function shown(name: string, section: Section | undefined): string {
  if (section === undefined) return '';
  const byOutcome = new Map<string, string[]>();
  for (const [input, outcomes] of section.outcomes) {
    for (const [outcome, seen] of outcomes) {
      const tried = section.tried.get(input);
      // ignored is what comes of everything that is not told
      if (outcome === IGNORED && outcomes.size > 1) continue;
      const told = `${input}${conditionOf(seen, tried, outcomes.size)}`;
      getOrAdd(byOutcome, outcome, () => []).push(told);
    }
  }
  const lines = [...byOutcome].map(([outcome, inputs]) => lineOf(outcome, inputs.toSorted()));
  return [`## ${name}`, '', ...lines.toSorted(), ''].join('\n');
}

function lineOf(outcome: string, inputs: readonly string[]): string {
  const kind = outcome === IGNORED ? '3' : outcome.includes(' · ') || outcome === '=' ? '1' : '2';
  return `- ${['', '', 'refused ', ''][Number(kind)]}${outcome} ← ${inputs.join(', ')}`;
}

/** Only what tells this outcome from another one of the same input. */
function conditionOf(seen: Seen, tried: Seen | undefined, outcomeCount: number): string {
  if (outcomeCount === 1) return '';
  const parts = [...seen].flatMap(([dimension, values]) => {
    const all = tried?.get(dimension);
    if (all === undefined || all.size === values.size) return [];
    return [`${dimension} ${[...values].toSorted().join('/')}`];
  });
  return parts.length === 0 ? '' : ` [${parts.join('; ')}]`;
}

function getOrAdd<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  let value = map.get(key);
  if (value === undefined) {
    value = make();
    map.set(key, value);
  }
  return value;
}
