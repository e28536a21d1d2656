/** What the charts remember differently at two entries, and all that is known of the one that is looked at. */
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { InspectStore, Past } from './inspect-store.ts';
import { differencesOf, type Difference } from './value-diff.ts';

export function ContextDiff({ store }: { readonly store: InspectStore }) {
  const other = useSignal<number | null>(null);
  const before = useSignal<Past | null>(null);
  const { value: past } = store.past;
  const { value: entry } = store.entry;
  const { value: entries } = store.entries;
  const index = entries.findIndex(({ version }) => version === entry?.version);
  const compared = other.value ?? entries[index - 1]?.version ?? null;
  const sequence = entries.find(({ version }) => version === compared)?.sequence ?? null;
  useEffect(() => {
    before.value = null;
    if (sequence === null) return;
    let isOver = false;
    const answered = (value: Past | null): void => {
      if (!isOver) before.value = value;
    };
    store.stateAt(sequence).then(answered, () => answered(null));
    return () => {
      isOver = true;
    };
  }, [store, sequence, before]);
  const lines =
    past === null || before.value === null ? [] : differencesOf(before.value.contexts, past.contexts);
  return (
    <section class="context" aria-label="Context">
      <label class="row">
        Changes since entry
        <input
          type="number"
          min={1}
          max={store.latest.value}
          value={compared ?? ''}
          onChange={({ currentTarget }) => (other.value = Number(currentTarget.value) || null)}
        />
      </label>
      {lines.length === 0 && <p class="muted">The charts remember the same.</p>}
      <dl>{lines.map(lineOf)}</dl>
      <h2>Entry {entry?.version}</h2>
      <pre tabIndex={0}>{JSON.stringify(entry, null, 2)}</pre>
    </section>
  );
}

const lineOf = ({ path, before, after }: Difference) => (
  <div key={path}>
    <dt>
      <code>{path}</code>
    </dt>
    {before !== undefined && (
      <dd class="removed">
        <code>{JSON.stringify(before)}</code>
      </dd>
    )}
    {after !== undefined && (
      <dd class="added">
        <code>{JSON.stringify(after)}</code>
      </dd>
    )}
  </div>
);
