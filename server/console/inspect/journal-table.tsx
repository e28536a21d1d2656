/** The journal around the moment, an entry a line. */
import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import type { InspectedEntry } from '../../client/client.ts';
import { ACTOR_NAMES, effectName, hasChange, isFailure, pathOf, typeOf, wordsOf } from './entry-words.ts';
import type { InspectStore } from './inspect-store.ts';

const KINDS = {
  all: { name: 'All but text', isShown: (entry: InspectedEntry) => entry.entryKind !== 'delta' },
  text: { name: 'All', isShown: () => true },
  changes: { name: 'State changes', isShown: hasChange },
  failures: { name: 'Failures', isShown: isFailure },
} as const;
type Kind = keyof typeof KINDS;

const time = new Intl.DateTimeFormat(undefined, { timeStyle: 'medium', hourCycle: 'h23' });

export function JournalTable({ store }: { readonly store: InspectStore }) {
  const kind = useSignal<Kind>('all');
  const words = useSignal('');
  const asked = words.value.trim().toLowerCase();
  const shown = store.entries.value.filter(
    (entry) => KINDS[kind.value].isShown(entry) && (asked === '' || wordsOf(entry).includes(asked)),
  );
  return (
    <section class="journal" aria-label="Journal">
      <div class="row">
        <select
          aria-label="Entries"
          value={kind.value}
          onChange={({ currentTarget }) => (kind.value = kindOf(currentTarget.value))}
        >
          {Object.entries(KINDS).map(([key, { name }]) => (
            <option key={key} value={key}>
              {name}
            </option>
          ))}
        </select>
        <input
          type="search"
          aria-label="Filter by event, fact, state or effect"
          placeholder="event, fact, state, effect"
          value={words.value}
          onInput={({ currentTarget }) => (words.value = currentTarget.value)}
        />
      </div>
      <div class="journal-rows" tabIndex={0} role="group" aria-label="Entries of the journal">
        <table>
          <thead>
            <tr>
              <th scope="col">#</th>
              <th scope="col">Time</th>
              <th scope="col">Input</th>
              <th scope="col">States</th>
              <th scope="col">Effects, timers</th>
            </tr>
          </thead>
          <tbody>
            {shown.map((entry) => (
              <Row key={entry.version} entry={entry} store={store} />
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

interface RowProps {
  readonly entry: InspectedEntry;
  readonly store: InspectStore;
}

function Row({ entry, store }: RowProps) {
  const row = useRef<HTMLTableRowElement>(null);
  const isCurrent = entry.version === store.entry.value?.version;
  useEffect(() => {
    if (isCurrent) row.current?.scrollIntoView({ block: 'nearest' });
  }, [isCurrent]);
  const choose = (): void => store.choose(entry.version);
  return (
    <tr ref={row} class={isFailure(entry) ? 'is-failure' : ''} aria-current={isCurrent} onClick={choose}>
      <td>
        <button type="button" class="link" onClick={choose}>
          {entry.version}
        </button>
      </td>
      <td>{time.format(entry.at)}</td>
      <td>
        <code>{typeOf(entry.input)}</code>
        {entry.outcome !== 'applied' && <span class="code-tag">{entry.outcome}</span>}
      </td>
      <td>{entry.changes.map(changeLine)}</td>
      <td>{asksOf(entry)}</td>
    </tr>
  );
}

const kindOf = (given: string): Kind => (isKind(given) ? given : 'all');
const isKind = (given: string): given is Kind => given in KINDS;

const changeLine = ({ actor, from, to }: InspectedEntry['changes'][number]) => (
  <div key={actor}>
    <span class="muted">{ACTOR_NAMES[actor]}</span> {from === null ? '' : pathOf(from)} → {pathOf(to)}
  </div>
);

function asksOf({ effects, timers }: InspectedEntry) {
  const told = [...effects.map(effectName), ...timers.map(timerOf)];
  return told.map((each, index) => <div key={index}>{each}</div>);
}

function timerOf(timer: unknown): string {
  if (typeof timer !== 'object' || timer === null) return '';
  const name = 'name' in timer ? String(timer.name) : 'owner' in timer ? `all of ${String(timer.owner)}` : '';
  return 'op' in timer && timer.op === 'arm' ? `timer ${name}` : `timer ${name} cancelled`;
}
