/** Where each state and arrow of a chart stands when it is drawn. */
import { createRequire } from 'node:module';
import type { ELK, ElkExtendedEdge, ElkNode, ElkLabel } from 'elkjs/lib/elk-api.js';
import type { AnyStateMachine } from 'xstate';
import { arrowsFrom, childrenOf, labelOf, nodesIn, type Node } from './diagram.ts';

const { default: Elk } = createRequire(import.meta.url)('elkjs') as { default: new () => ELK };

/** Of the monospaced labels of arrows, px. */
export const LABEL = { charWidth: 6.1, lineHeight: 13, lineLength: 20 } as const;
const STATE = { charWidth: 8, padding: 18, height: 30 } as const;
const DOT_SIZE = 8;

export interface Point {
  readonly x: number;
  readonly y: number;
}
export interface Box extends Point {
  readonly width: number;
  readonly height: number;
}

export interface PlacedState extends Box {
  readonly node: Node;
  readonly depth: number;
}

export interface PlacedArrow {
  /** Paths of the states; `''` is the dot before the first state. */
  readonly from: string;
  readonly to: string;
  /** Each begins with its event. */
  readonly lines: readonly string[];
  readonly points: readonly Point[];
  readonly label: Box | null;
}

export interface PlacedDot extends Point {
  readonly size: number;
}

export interface PlacedChart {
  readonly width: number;
  readonly height: number;
  /** The outer ones first. */
  readonly states: readonly PlacedState[];
  readonly arrows: readonly PlacedArrow[];
  readonly dots: readonly PlacedDot[];
  /** What every state takes, and where it leads. */
  readonly anywhere: readonly string[];
}

const OPTIONS = {
  'elk.algorithm': 'layered',
  'elk.direction': 'DOWN',
  'elk.hierarchyHandling': 'INCLUDE_CHILDREN',
  'elk.edgeRouting': 'ORTHOGONAL',
  'elk.json.edgeCoords': 'ROOT',
  'elk.json.shapeCoords': 'ROOT',
  'elk.layered.spacing.nodeNodeBetweenLayers': '26',
  'elk.layered.spacing.edgeNodeBetweenLayers': '14',
  'elk.spacing.nodeNode': '16',
  'elk.spacing.edgeNode': '10',
  'elk.spacing.edgeEdge': '8',
  'elk.spacing.edgeLabel': '4',
  'elk.layered.nodePlacement.strategy': 'BRANDES_KOEPF',
  'elk.layered.nodePlacement.bk.fixedAlignment': 'BALANCED',
  'elk.layered.cycleBreaking.strategy': 'DEPTH_FIRST',
  'elk.layered.edgeLabels.centerLabelPlacementStrategy': 'TAIL_LAYER',
  'elk.padding': '[top=12,left=12,bottom=12,right=12]',
};
const INSIDE = { 'elk.padding': '[top=34,left=14,bottom=14,right=14]' };

/** What a label line takes up: a guard that makes it long stands below its event. */
export function rowsOf(line: string): string[] {
  const [event = '', guard] = line.split(' [');
  return guard === undefined || line.length <= LABEL.lineLength ? [line] : [event, `  [${guard}`];
}

export const pathOf = ({ path }: Node): string => path.join('.');

/** The same chart is placed the same everywhere: the layout has no chance in it. */
export async function placeChart({ root }: AnyStateMachine): Promise<PlacedChart> {
  const arrows = arrowsOf(root);
  const graph: ElkNode = {
    id: 'root',
    layoutOptions: OPTIONS,
    children: insideOf(root),
    edges: [...nodesIn(root).flatMap(firstsOf), ...arrows.map(edgeOf)],
  };
  const placed = await new Elk().layout(graph);
  const edges = new Map((placed.edges ?? []).map((edge) => [edge.id, edge]));
  const boxes = boxesIn(placed, 0);
  const nodes = new Map(nodesIn(root).map((node) => [pathOf(node), node]));
  return {
    width: placed.width ?? 0,
    height: placed.height ?? 0,
    states: boxes.flatMap(({ id, depth, ...box }) => {
      const node = nodes.get(id);
      return node === undefined || id === '' ? [] : [{ node, depth, ...box }];
    }),
    dots: boxes.filter(({ id }) => id.startsWith('*')).map(({ x, y }) => ({ x, y, size: DOT_SIZE })),
    arrows: [
      ...arrows.map((arrow, index) => placedArrow(arrow, edges.get(`${index}`))),
      ...[...edges.values()].filter(({ id }) => id.startsWith('*')).map(placedFirst),
    ],
    anywhere: anywhereOf(root),
  };
}

interface Drawn {
  readonly from: string;
  readonly to: string;
  readonly lines: readonly string[];
}

/** Those between the same two states share a line; those of the whole chart are told beside it. */
function arrowsOf(root: Node): Drawn[] {
  const all = new Map<string, Drawn>();
  const leaving = nodesIn(root)
    .filter((node) => node !== root)
    .flatMap((node) => arrowsFrom(node).map((named) => ({ node, ...named })));
  for (const { node, event, arrow } of leaving) {
    for (const target of (arrow.target ?? []) as Node[]) {
      const [from, to] = [pathOf(node), pathOf(target)];
      const { lines } = all.get(`${from}>${to}`) ?? { lines: [] };
      all.set(`${from}>${to}`, { from, to, lines: [...new Set([...lines, labelOf(event, arrow)])] });
    }
  }
  return [...all.values()];
}

function anywhereOf(root: Node): string[] {
  return arrowsFrom(root).flatMap(({ event, arrow }) => {
    const targets = ((arrow.target ?? []) as Node[]).map(pathOf);
    return [targets.length === 0 ? labelOf(event, arrow) : `${labelOf(event, arrow)} → ${targets.join()}`];
  });
}

function insideOf(node: Node): ElkNode[] {
  const [first] = (node.initial?.target ?? []) as Node[];
  const dot = { id: `*${pathOf(node)}`, width: DOT_SIZE, height: DOT_SIZE };
  return [...(first === undefined ? [] : [dot]), ...childrenOf(node).map(shapeOf)];
}

function shapeOf(node: Node): ElkNode {
  const width = node.key.length * STATE.charWidth + STATE.padding * 2;
  const id = pathOf(node);
  if (childrenOf(node).length === 0) return { id, width, height: STATE.height };
  const size = { 'elk.nodeSize.constraints': 'MINIMUM_SIZE', 'elk.nodeSize.minimum': `(${width},60)` };
  return { id, layoutOptions: { ...OPTIONS, ...INSIDE, ...size }, children: insideOf(node) };
}

function firstsOf(node: Node): ElkExtendedEdge[] {
  const [first] = (node.initial?.target ?? []) as Node[];
  if (first === undefined) return [];
  return [{ id: `*>${pathOf(node)}`, sources: [`*${pathOf(node)}`], targets: [pathOf(first)] }];
}

function edgeOf({ from, to, lines }: Drawn, index: number): ElkExtendedEdge {
  const rows = lines.flatMap(rowsOf);
  const longest = Math.max(...rows.map(({ length }) => length));
  const label: ElkLabel = {
    id: `label${index}`,
    text: rows.join('\n'),
    width: longest * LABEL.charWidth + 6,
    height: rows.length * LABEL.lineHeight + 2,
  };
  return { id: `${index}`, sources: [from], targets: [to], labels: [label] };
}

interface Placed extends Box {
  readonly id: string;
  readonly depth: number;
}

function boxesIn({ children = [] }: ElkNode, depth: number): Placed[] {
  return children.flatMap((child) => {
    const { id, x = 0, y = 0, width = 0, height = 0 } = child;
    return [{ id, depth, x, y, width, height }, ...boxesIn(child, depth + 1)];
  });
}

function placedArrow(arrow: Drawn, edge: ElkExtendedEdge | undefined): PlacedArrow {
  const [label] = edge?.labels ?? [];
  const { x = 0, y = 0, width = 0, height = 0 } = label ?? {};
  return { ...arrow, points: pointsOf(edge), label: { x, y, width, height } };
}

const placedFirst = (edge: ElkExtendedEdge): PlacedArrow => ({
  from: '',
  to: edge.targets[0] ?? '',
  lines: [],
  points: pointsOf(edge),
  label: null,
});

function pointsOf(edge: ElkExtendedEdge | undefined): Point[] {
  const [section] = edge?.sections ?? [];
  if (section === undefined) return [];
  return [section.startPoint, ...(section.bendPoints ?? []), section.endPoint];
}
