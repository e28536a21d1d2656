/** A placed chart as SVG: for people who look at the file, and for a page that lights its states and arrows. */
import type { AnyStateMachine } from 'xstate';
import {
  LABEL,
  pathOf,
  placeChart,
  rowsOf,
  type PlacedArrow,
  type PlacedChart,
  type PlacedState,
  type Point,
} from './chart-layout.ts';

const MARGIN = 16;
const TITLE_HEIGHT = 34;
const RADIUS = 6;
const LIST_GAP = 28;

/** A page that shows the chart inside of itself has rules of its own for these classes, and drops these. */
const STYLE = `
svg{--paper:#fff;--ink:#1f2328;--dim:#636c76;--line:#8c959f;--box:#f6f8fa;--inner:#fff;--edge:#d1d9e0;--first:#1f2328}
@media (prefers-color-scheme:dark){svg{--paper:#0d1117;--ink:#e6edf3;--dim:#9198a1;--line:#656c76;--box:#151b23;--inner:#0d1117;--edge:#3d444d;--first:#e6edf3}}
.paper{fill:var(--paper)}
.title{fill:var(--ink);font:600 17px system-ui,sans-serif}
.state rect{fill:var(--box);stroke:var(--edge);stroke-width:1.2}
.state.nested rect{fill:var(--inner)}
.state text{fill:var(--ink);font:600 13px system-ui,sans-serif}
.state.name text{paint-order:stroke;stroke:var(--box);stroke-width:5px;stroke-linejoin:round}
.state.name.nested text{stroke:var(--inner)}
.state.final rect{stroke-dasharray:4 3}
.arrow path{fill:none;stroke:var(--line);stroke-width:1.2}
.arrow .head{fill:var(--line);stroke:none}
.arrow text,.anywhere text{fill:var(--ink);font:10px ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}
.arrow .guard,.anywhere .guard{fill:var(--dim)}
.arrow .halo{fill:var(--paper);opacity:.86}
.anywhere .head-line{fill:var(--dim);font:600 12px system-ui,sans-serif}
.dot{fill:var(--first)}
`;

/** The whole file. */
export async function chartSvg(name: string, machine: AnyStateMachine): Promise<string> {
  const chart = await placeChart(machine);
  const list = listOf(chart);
  const width = Math.ceil(Math.max(chart.width, list.width) + MARGIN * 2);
  const height = Math.ceil(TITLE_HEIGHT + chart.height + list.height + MARGIN * 2);
  const at = `translate(${MARGIN} ${MARGIN + TITLE_HEIGHT})`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="The ${name.toLowerCase()} chart" data-machine="${machine.id}">`,
    `<style>${STYLE}</style>`,
    `<rect class="paper" width="${width}" height="${height}"/>`,
    `<text class="title" x="${MARGIN + 8}" y="${MARGIN + 20}">${name}</text>`,
    `<g transform="${at}">`,
    ...chart.states.map(stateOf),
    ...chart.dots.map(dotOf),
    ...chart.arrows.map(lineOf),
    ...chart.states.map(nameOf).filter((line) => line !== ''),
    ...chart.arrows.filter(({ label }) => label !== null).map(labelOf),
    '</g>',
    `<g class="anywhere" transform="translate(${MARGIN + 12} ${MARGIN + TITLE_HEIGHT + chart.height + LIST_GAP})">`,
    ...list.lines,
    '</g>',
    '</svg>',
    '',
  ].join('\n');
}

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');

const round = (value: number): number => Math.round(value * 10) / 10;

function stateOf({ node, depth, x, y, width, height }: PlacedState): string {
  const isLeaf = Object.keys(node.states).length === 0;
  const classes = [
    'state',
    ...(depth % 2 === 1 ? ['nested'] : []),
    ...(node.type === 'final' ? ['final'] : []),
  ];
  const text = isLeaf
    ? `<text x="${round(x + width / 2)}" y="${round(y + height / 2 + 4.5)}" text-anchor="middle">${node.key}</text>`
    : '';
  return [
    `<g class="${classes.join(' ')}" data-state="${pathOf(node)}">`,
    `<title>${escaped(node.description ?? node.key)}</title>`,
    `<rect x="${round(x)}" y="${round(y)}" width="${round(width)}" height="${round(height)}" rx="${RADIUS}"/>`,
    `${text}</g>`,
  ].join('');
}

/** Of one with states in it: arrows that lead into it pass below its name. */
function nameOf({ node, depth, x, y }: PlacedState): string {
  if (Object.keys(node.states).length === 0) return '';
  const isNested = depth % 2 === 1 ? ' nested' : '';
  return `<g class="state name${isNested}" data-state="${pathOf(node)}"><text x="${round(x + 12)}" y="${round(y + 20)}">${node.key}</text></g>`;
}

const dotOf = ({ x, y, size }: PlacedChart['dots'][number]): string =>
  `<circle class="dot" cx="${round(x + size / 2)}" cy="${round(y + size / 2)}" r="${size / 2}"/>`;

/** `turn.submit [canBegin]` → `turn.submit`. */
const eventOf = (line: string): string => line.split(' [')[0] ?? line;

const attributesOf = ({ from, to, lines }: PlacedArrow): string =>
  `data-from="${from}" data-to="${to}" data-events="${lines.map(eventOf).map(escaped).join('|')}"`;

function lineOf(arrow: PlacedArrow): string {
  const [end, before] = [arrow.points.at(-1), arrow.points.at(-2)];
  if (end === undefined || before === undefined) return '';
  return `<g class="arrow" ${attributesOf(arrow)}><path d="${pathThrough(arrow.points)}"/>${headOf(before, end)}</g>`;
}

/** With round corners. */
function pathThrough(points: readonly Point[]): string {
  const [start, ...rest] = points;
  if (start === undefined) return '';
  const steps = rest.map((point, index) => {
    const [before, after] = [points[index] ?? point, rest[index + 1]];
    if (after === undefined) return `L${round(point.x)} ${round(point.y)}`;
    const [into, out] = [towards(point, before), towards(point, after)];
    return `L${round(into.x)} ${round(into.y)}Q${round(point.x)} ${round(point.y)} ${round(out.x)} ${round(out.y)}`;
  });
  return `M${round(start.x)} ${round(start.y)}${steps.join('')}`;
}

/** A few px from a corner towards its neighbour. */
function towards(corner: Point, other: Point): Point {
  const length = Math.hypot(other.x - corner.x, other.y - corner.y);
  const share = length === 0 ? 0 : Math.min(RADIUS, length / 2) / length;
  return { x: corner.x + (other.x - corner.x) * share, y: corner.y + (other.y - corner.y) * share };
}

function headOf(before: Point, { x, y }: Point): string {
  const angle = Math.atan2(y - before.y, x - before.x);
  const corner = (turn: number): string =>
    `${round(x - 8 * Math.cos(angle + turn))} ${round(y - 8 * Math.sin(angle + turn))}`;
  return `<path class="head" d="M${round(x)} ${round(y)}L${corner(0.42)}L${corner(-0.42)}Z"/>`;
}

function labelOf(arrow: PlacedArrow): string {
  const { label, lines } = arrow;
  if (label === null) return '';
  const { x, y, width, height } = label;
  const texts: string[] = [];
  let row = 0;
  for (const line of lines) {
    texts.push(textOf(line, { x: x + 3, y: y + (row + 1) * LABEL.lineHeight - 3 }));
    row += rowsOf(line).length;
  }
  const halo = `<rect class="halo" x="${round(x)}" y="${round(y)}" width="${round(width)}" height="${round(height)}" rx="3"/>`;
  return `<g class="arrow label" ${attributesOf(arrow)}>${halo}${texts.join('')}</g>`;
}

function textOf(line: string, { x, y }: Point, isOneRow = false): string {
  const [event = '', guard] = line.split(' [');
  const isBroken = !isOneRow && rowsOf(line).length > 1;
  const place = isBroken ? ` x="${round(x + LABEL.charWidth * 2)}" dy="${LABEL.lineHeight}"` : '';
  const rest =
    guard === undefined
      ? ''
      : `<tspan class="guard"${place}>${isBroken ? '' : ' '}[${escaped(guard)}</tspan>`;
  return `<text x="${round(x)}" y="${round(y)}" data-event="${escaped(event)}">${escaped(event)}${rest}</text>`;
}

/** What any state takes: in columns below the chart. */
function listOf({ anywhere, width }: PlacedChart): { lines: string[]; height: number; width: number } {
  if (anywhere.length === 0) return { lines: [], height: 0, width: 0 };
  const columnWidth = Math.max(...anywhere.map(({ length }) => length)) * LABEL.charWidth + 24;
  const columnCount = Math.max(1, Math.floor((width - 24) / columnWidth));
  const rowCount = Math.ceil(anywhere.length / columnCount);
  const lines = anywhere.map((line, index) =>
    textOf(line, { x: Math.floor(index / rowCount) * columnWidth, y: 20 + (index % rowCount) * 15 }, true),
  );
  const head = '<text class="head-line" x="0" y="0">in every state</text>';
  return { lines: [head, ...lines], height: LIST_GAP + 20 + rowCount * 15, width: columnWidth };
}
