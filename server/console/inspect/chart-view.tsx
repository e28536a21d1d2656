/** One chart, with the states that it is in lit, and the arrow that led there. */
import DOMPurify from 'dompurify';
import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import connectionSvg from '../../../machines/connection.svg?raw';
import threadSvg from '../../../machines/thread.svg?raw';
import turnSvg from '../../../machines/turn.svg?raw';
import type { InspectedEntry } from '../../client/client.ts';
import { ACTOR_NAMES, pathOf } from './entry-words.ts';

export type Actor = keyof typeof ACTOR_NAMES;
const PICTURES: Readonly<Record<Actor, string>> = {
  root: threadSvg,
  connection: connectionSvg,
  turn: turnSvg,
};

/** Smaller than this the labels of arrows cannot be read. */
const READABLE_SCALE = 0.75;

interface ChartViewProps {
  readonly actor: Actor;
  /** `undefined`: the actor is not there. */
  readonly value: unknown;
  readonly entry: InspectedEntry | null;
}

export function ChartView({ actor, value, entry }: ChartViewProps) {
  const box = useRef<HTMLDivElement>(null);
  const isWhole = useSignal(false);
  useEffect(() => {
    const options = { USE_PROFILES: { svg: true }, RETURN_DOM_FRAGMENT: true } as const;
    // the colours are those of the page, whose policy lets no style in
    const nodes = DOMPurify.sanitize(PICTURES[actor].replace(/<style>[^<]*<\/style>/, ''), options);
    box.current?.replaceChildren(nodes);
  }, [actor]);
  useEffect(() => {
    if (box.current !== null) scale(box.current, isWhole.value);
  }, [actor, isWhole.value]);
  useEffect(() => {
    if (box.current !== null) light(box.current, { actor, value, entry });
  }, [actor, value, entry, isWhole.value]);
  const now = value === undefined ? 'is not there' : pathOf(value);
  return (
    <figure class="chart" aria-label={`The ${ACTOR_NAMES[actor]} chart: ${now}`}>
      <div class="chart-picture" ref={box} tabIndex={0} role="group" aria-label="Chart" />
      <button
        type="button"
        class="button chart-scale"
        aria-pressed={isWhole.value}
        onClick={() => (isWhole.value = !isWhole.value)}
      >
        Whole chart
      </button>
    </figure>
  );
}

/** Readable, or all of it at once. */
function scale(box: HTMLElement, isWhole: boolean): void {
  const svg = box.querySelector('svg');
  const [, , width = 0, height = 0] = (svg?.getAttribute('viewBox') ?? '').split(' ').map(Number);
  const fitting = Math.min(1, (box.clientWidth - 2) / width, (box.clientHeight - 6) / height);
  const factor = isWhole ? fitting : Math.max(fitting, READABLE_SCALE);
  svg?.setAttribute('width', String(Math.floor(width * factor)));
  svg?.setAttribute('height', String(Math.floor(height * factor)));
}

function light(box: HTMLElement, { actor, value, entry }: ChartViewProps): void {
  const path = value === undefined ? '' : pathOf(value);
  for (const state of box.querySelectorAll('[data-state]')) {
    state.classList.toggle('lit', isWithin(path, attribute(state, 'data-state')));
  }
  const last = lastOf(actor, entry);
  const arrows = [...box.querySelectorAll('.arrow')];
  const ways = arrows.filter((arrow) => isWay(arrow, last));
  const named = ways.filter((arrow) => eventsOf(arrow).some((event) => last.events.has(event)));
  const taken = new Set(
    named.length > 0 ? named : ways.filter((arrow) => eventsOf(arrow).includes('always')),
  );
  for (const arrow of arrows) {
    const isIt = taken.has(arrow);
    arrow.classList.toggle('lit', isIt);
    for (const text of arrow.querySelectorAll('[data-event]')) {
      text.classList.toggle('lit', isIt && last.events.has(attribute(text, 'data-event')));
    }
  }
  for (const text of box.querySelectorAll('.anywhere [data-event]')) {
    const isIt = last.from === null && last.events.has(attribute(text, 'data-event'));
    text.classList.toggle('lit', isIt);
  }
  const lit = [...box.querySelectorAll('.state.lit:not(.name)')].at(-1);
  lit?.scrollIntoView({ block: 'center', inline: 'center' });
}

const attribute = (element: Element, name: string): string => element.getAttribute(name) ?? '';

/** What the actor did last: the events that it took, and which way it went, if it did. */
interface Last {
  readonly events: ReadonlySet<string>;
  readonly from: string | null;
  readonly to: string;
}

function lastOf(actor: Actor, entry: InspectedEntry | null): Last {
  const isOwn = (each: { readonly actor: Actor }): boolean => each.actor === actor;
  const change = entry?.changes.find(isOwn);
  const events = new Set((entry?.taken ?? []).filter(isOwn).map(({ event }) => nameOf(event)));
  return { events, from: change === undefined ? null : pathOf(change.from), to: pathOf(change?.to) };
}

const isWay = (arrow: Element, { from, to }: Last): boolean =>
  from !== null && isWithin(from, attribute(arrow, 'data-from')) && isWithin(to, attribute(arrow, 'data-to'));

const eventsOf = (arrow: Element): string[] => attribute(arrow, 'data-events').split('|');

/** A state is lit with those that it is in. */
const isWithin = (path: string, state: string): boolean =>
  state !== '' && (path === state || path.startsWith(`${state}.`));

/** As the charts write it. */
function nameOf(event: string): string {
  const ended = /^xstate\.(done|error)\.actor\.(\w+)$/.exec(event);
  return ended === null ? event : `${ended[2]} ${ended[1] === 'done' ? 'is done' : 'is broken'}`;
}
