/** The items of a moment; only those in sight are drawn, so that a hundred thousand are no more work than ten. */
import { useEffect, useRef } from 'preact/hooks';
import { ItemView } from '../items/item-view.tsx';
import type { Moment } from '../state/moment.ts';
import type { ThreadActions } from './actions.ts';
import { useRows } from './use-rows.ts';

interface TranscriptProps {
  readonly moment: Moment;
  /** `null`: it is only looked at. */
  readonly actions: ThreadActions | null;
}

export function Transcript({ moment, actions }: TranscriptProps) {
  const { items, thread } = moment;
  const scroller = useRef<HTMLDivElement>(null);
  const count = items.last === 0 ? 0 : items.last - items.first + 1;
  const { rows, totalPx, measure, isAtEnd, toEnd } = useRows(scroller, count, thread.id);
  const from = rows[0]?.index ?? 0;
  const to = rows.at(-1)?.index ?? 0;
  useEffect(() => {
    if (count > 0) items.want(items.first + from, items.first + to);
  }, [items, count, from, to]);
  return (
    <div class="transcript-frame">
      <div class="transcript" ref={scroller} tabIndex={0} role="log" aria-label="Transcript" aria-live="off">
        <div class="rows" style={{ height: `${totalPx}px` }}>
          {rows.map(({ key, index, start }) => (
            <div
              key={key}
              ref={measure}
              class="transcript-row"
              data-index={index}
              style={{ transform: `translateY(${start}px)` }}
            >
              <Row item={items.at(items.first + index)} actions={actions} />
            </div>
          ))}
        </div>
        {count === 0 && <p class="muted centre">Nothing has been said yet.</p>}
      </div>
      {!isAtEnd && (
        <button type="button" class="button to-end" onClick={toEnd}>
          To the end
        </button>
      )}
    </div>
  );
}

interface RowProps extends Pick<TranscriptProps, 'actions'> {
  readonly item: ReturnType<Moment['items']['at']>;
}

function Row({ item, actions }: RowProps) {
  if (item === null) return null;
  return item === undefined ? <div class="item-gap" /> : <ItemView item={item} actions={actions} />;
}
