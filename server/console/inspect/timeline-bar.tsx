/** Moves along the journal: a slider, steps, jumps and a link to the moment. */
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { failureOf } from '../../../machines/domain/error.ts';
import type { InspectedEntry } from '../../client/client.ts';
import { goTo, threadHref } from '../state/route.ts';
import { Button, IconButton } from '../ui/button.tsx';
import { clockTime } from '../ui/times.ts';
import { hasChange, isFailure } from './entry-words.ts';
import type { InspectStore } from './inspect-store.ts';
import { saveRecording } from './recording.ts';

const PLAY_EVERY_MS = 600;

export function TimelineBar({ store }: { readonly store: InspectStore }) {
  const { value: version } = store.version;
  const { value: latest } = store.latest;
  const isLive = store.chosen.value === null;
  const { past } = store;
  return (
    <div class="timeline-bar" role="group" aria-label="Moment">
      <IconButton icon="back" label="One entry back" disabled={version <= 1} onClick={() => store.step(-1)} />
      <PlayButton store={store} />
      <IconButton icon="chevron" label="One entry on" disabled={isLive} onClick={() => store.step(1)} />
      <input
        type="range"
        aria-label="Entry"
        min={1}
        max={Math.max(1, latest)}
        value={version}
        onInput={({ currentTarget }) => store.choose(Number(currentTarget.value))}
      />
      <output class="muted">
        {version} of {latest}
        {past.value !== null && ` · ${clockTime(past.value.at)}`}
      </output>
      <Jumps store={store} />
      <Button look={isLive ? 'primary' : 'plain'} aria-pressed={isLive} onClick={() => store.choose(null)}>
        Now
      </Button>
    </div>
  );
}

/** An entry after the other, up to now. */
function PlayButton({ store }: { readonly store: InspectStore }) {
  const isPlaying = useSignal(false);
  const { value: version } = store.version;
  const isLive = store.chosen.value === null;
  const isOn = isPlaying.value && !isLive;
  useEffect(() => {
    if (isLive) isPlaying.value = false;
    if (!isOn) return;
    const timer = setTimeout(() => store.step(1), PLAY_EVERY_MS);
    return () => clearTimeout(timer);
  }, [isOn, version, isLive, store, isPlaying]);
  return (
    <Button
      look="quiet"
      disabled={isLive}
      aria-pressed={isOn}
      onClick={() => (isPlaying.value = !isPlaying.value)}
    >
      {isOn ? 'Pause' : 'Play'}
    </Button>
  );
}

/** To what is worth looking at, and a link to what is looked at. */
function Jumps({ store }: { readonly store: InspectStore }) {
  const told = useSignal('');
  const isLive = store.chosen.value === null;
  const seek = async (isWanted: (entry: InspectedEntry) => boolean, what: string): Promise<void> => {
    const isFound = await store.seek(isWanted).catch(() => false);
    told.value = isFound ? '' : `no later ${what}`;
  };
  const copyLink = async (): Promise<void> => {
    const href = `${threadHref(store.threadId, 'inspect')}?at=${store.version.value}`;
    goTo(href);
    await navigator.clipboard.writeText(new URL(href, location.href).href);
    told.value = 'link copied';
  };
  const save = async (): Promise<void> => {
    const at = store.entry.value ?? store.past.value;
    if (at === null) return;
    told.value = 'reading…';
    try {
      await saveRecording(store.threadId, at.sequence);
      told.value = `saved up to entry ${at.version}`;
    } catch (error) {
      told.value = '';
      store.failure.value = failureOf(error);
    }
  };
  return (
    <>
      <Button look="quiet" disabled={isLive} onClick={() => void seek(hasChange, 'change')}>
        Next change
      </Button>
      <Button look="quiet" disabled={isLive} onClick={() => void seek(isFailure, 'failure')}>
        Next failure
      </Button>
      <IconButton icon="copy" label="Copy a link to this moment" onClick={() => void copyLink()} />
      <IconButton icon="download" label="Save as a recording up to this moment" onClick={() => void save()} />
      <span class="muted" role="status">
        {told.value}
      </span>
    </>
  );
}
