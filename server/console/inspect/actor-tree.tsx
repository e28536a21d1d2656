/** The thread's actors and where each stands. */
import { ACTOR_NAMES, pathOf } from './entry-words.ts';
import type { Actor } from './chart-view.tsx';
import type { Past } from './inspect-store.ts';

interface ActorTreeProps {
  readonly past: Past;
  readonly chosen: Actor;
  readonly onChoose: (actor: Actor) => void;
}

export const valueOf = ({ machine }: Past, actor: Actor): unknown =>
  actor === 'root' ? machine.value : machine.children[actor];

export function ActorTree({ past, chosen, onChoose }: ActorTreeProps) {
  const row = (actor: Actor) => {
    const value = valueOf(past, actor);
    return (
      <button
        type="button"
        class={`actor ${actor}`}
        aria-pressed={actor === chosen}
        disabled={value === undefined && actor !== chosen}
        onClick={() => onChoose(actor)}
      >
        <strong>{ACTOR_NAMES[actor]}</strong> <code>{value === undefined ? 'not there' : pathOf(value)}</code>
      </button>
    );
  };
  return (
    <ul class="actors" aria-label="Actors">
      <li>
        {row('root')}
        <ul>
          <li>{row('connection')}</li>
          <li>{row('turn')}</li>
        </ul>
      </li>
    </ul>
  );
}
