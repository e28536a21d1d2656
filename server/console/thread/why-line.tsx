/** What a thread that is not at rest waits for, from whom, since when, and what ends it: the words of `threadchart why`. */
import type { InstanceRow } from '../../../machines/domain/instance.ts';
import { whyOf, type Why } from '../../../machines/domain/why.ts';
import type { Moment } from '../state/moment.ts';
import { Button } from '../ui/button.tsx';
import { useNow } from '../ui/now.ts';
import { duration } from '../ui/times.ts';
import type { ThreadActions } from './actions.ts';

const NOW_MS = 1_000;
/** Shorter waiting is worth no word. */
const QUIET_MS = 2_000;

interface WhyLineProps {
  readonly moment: Moment;
  readonly instance: InstanceRow | null;
  readonly actions: ThreadActions;
}

export function WhyLine({ moment, instance, actions }: WhyLineProps) {
  const now = useNow(NOW_MS);
  const why = whyOf({ ...moment, items: [...moment.latest] }, instance).filter(
    ({ from }) => from !== 'nobody',
  );
  const isAtRest =
    moment.machine.children.turn === undefined && moment.machine.children.connection !== 'closing';
  const told = why.filter(({ requestId, sinceAt }) => requestId === null && now - sinceAt >= QUIET_MS);
  if (told.length === 0 || isAtRest) return null;
  return (
    <ul class="why" aria-label="What it waits for">
      {told.map((each, index) => (
        <li key={index}>
          {sentenceOf(each, now)}
          {isLastResort(each) && (
            <>
              {' '}
              <Button look="quiet" onClick={() => void actions.run({ type: 'thread.stop' })}>
                Stop the agent
              </Button>
            </>
          )}
        </li>
      ))}
    </ul>
  );
}

/** An interrupt is under way, and more of them would not help. */
const isLastResort = ({ canDo }: Why): boolean =>
  canDo.includes('thread.stop') && !canDo.includes('turn.interrupt');

function sentenceOf({ what, sinceAt, endedBy, advice }: Why, now: number) {
  const left = endedBy === null ? 0 : Math.max(0, endedBy.dueAt - now);
  return (
    <>
      <strong>{what}</strong> <span class="muted">since {duration(Math.max(0, now - sinceAt))}</span>
      {endedBy !== null && (
        <span class="muted">
          {' '}
          · in {duration(left)}
          {endedBy.idle ? ' of silence' : ''}: {endedBy.outcome}
        </span>
      )}
      {advice !== null && <span> · {advice}</span>}
    </>
  );
}
