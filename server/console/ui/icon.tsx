/** The few pictures of the console, drawn with the colour of the text around them. */
const PATHS = {
  plus: 'M8 3v10M3 8h10',
  search: 'M7 3a4 4 0 1 1 0 8 4 4 0 0 1 0-8zM10 10l3.5 3.5',
  send: 'M8 13V3M4 7l4-4 4 4',
  stop: 'M4.5 4.5h7v7h-7z',
  chevron: 'M6 4l4 4-4 4',
  back: 'M10 4L6 8l4 4',
  more: 'M3.5 8h.01M8 8h.01M12.5 8h.01',
  close: 'M4 4l8 8M12 4l-8 8',
  image: 'M2.5 3.5h11v9h-11zM5 9.5l2-2 2 2 2.5-3 2 3',
  fork: 'M4 3v4a3 3 0 0 0 3 3h5M4 7v6M10 8l2.5 2-2.5 2',
  undo: 'M6 4L3 7l3 3M3.5 7H10a3 3 0 0 1 0 6H7',
  copy: 'M5.5 5.5h7v7h-7zM3.5 10.5v-7h7',
  edit: 'M3 13l.7-3L10.5 3.2l2.3 2.3L6 12.3z',
  up: 'M8 12V4M5 7l3-3 3 3',
  down: 'M8 4v8M5 9l3 3 3-3',
  download: 'M8 2.5v7M5 7l3 3 3-3M3 13h10',
  folder: 'M2 4.5h4l1.5 1.5H14v6.5H2z',
  bolt: 'M9 2L4 9h3.5L7 14l5-7H8.5z',
  check: 'M3.5 8.5l3 3 6-7',
  panel: 'M2.5 3.5h11v9h-11zM10 3.5v9',
} as const;

export type IconName = keyof typeof PATHS;

export const Icon = ({ name }: { readonly name: IconName }) => (
  <svg class="icon" viewBox="0 0 16 16" aria-hidden="true">
    <path d={PATHS[name]} />
  </svg>
);
