/** Which rows are in sight, over the virtual list. New rows are followed while the end is in sight. */
import {
  elementScroll,
  observeElementOffset,
  observeElementRect,
  Virtualizer,
  type VirtualItem,
} from '@tanstack/virtual-core';
import type { RefObject } from 'preact';
import { useCallback, useLayoutEffect, useReducer, useRef } from 'preact/hooks';

const ROW_PX = 64;
/** So near to the end it is followed. */
const END_PX = 80;
const OVERSCAN_COUNT = 6;

type List = Virtualizer<HTMLDivElement, HTMLDivElement>;

export interface Rows {
  readonly rows: readonly VirtualItem[];
  readonly totalPx: number;
  readonly measure: (element: HTMLDivElement | null) => void;
  readonly isAtEnd: boolean;
  readonly toEnd: () => void;
}

/** `name`: another one is another list, which begins at its end. */
export function useRows(scroller: RefObject<HTMLDivElement | null>, count: number, name: string): Rows {
  const [, redraw] = useReducer((number: number) => number + 1, 0);
  const held = useRef<{ readonly name: string; readonly list: List } | null>(null);
  if (held.current?.name !== name) held.current = { name, list: makeList(scroller, count, () => redraw(0)) };
  const { list } = held.current;
  list.setOptions({ ...list.options, count });
  useLayoutEffect(() => {
    const end = list._didMount();
    list._willUpdate();
    list.scrollToEnd();
    return end;
  }, [list]);
  useLayoutEffect(() => list._willUpdate());
  const measure = useCallback((element: HTMLDivElement | null) => list.measureElement(element), [list]);
  return {
    rows: list.getVirtualItems(),
    totalPx: list.getTotalSize(),
    measure,
    isAtEnd: count === 0 || list.isAtEnd(END_PX),
    toEnd: () => list.scrollToEnd({ behavior: 'auto' }),
  };
}

const makeList = (scroller: RefObject<HTMLDivElement | null>, count: number, onChange: () => void): List =>
  new Virtualizer({
    count,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_PX,
    overscan: OVERSCAN_COUNT,
    anchorTo: 'end',
    followOnAppend: true,
    scrollEndThreshold: END_PX,
    paddingStart: 16,
    paddingEnd: 16,
    observeElementRect,
    observeElementOffset,
    scrollToFn: elementScroll,
    onChange,
  });
