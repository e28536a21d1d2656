/** The charts as Mermaid diagrams and tables, from the machines themselves. */
import type { AnyStateMachine } from 'xstate';

export type Node = AnyStateMachine['root'];
export type Arrow = Node['always'] extends (infer T)[] | undefined ? T : never;

interface Chart {
  readonly name: string;
  readonly machine: AnyStateMachine;
}

/** `machines/diagrams.md`. */
export function diagramsOf(charts: readonly Chart[]): string {
  return [HEAD, ...charts.map(sectionOf)].join('\n');
}

const HEAD = `# The charts

Written by \`npm run generate\` from the machines; do not edit it. An arrow that changes no state is in the table below its
diagram, not in the diagram. \`$…\` is what the three actors of a thread tell each other.
`;

/** One chart as a Mermaid block. */
export const mermaidOf = ({ root }: AnyStateMachine): string =>
  ['```mermaid', 'stateDiagram-v2', ...bodyOf(root, 1), ...arrowsOf(root), '```'].join('\n');

function sectionOf({ name, machine }: Chart): string {
  const { root } = machine;
  return [
    `## ${name}`,
    '',
    mermaidOf(machine),
    '',
    '| State | Tags | What it means | Takes without leaving |',
    '| ----- | ---- | ------------- | --------------------- |',
    ...nodesIn(root).map(rowOf),
    '',
  ].join('\n');
}

/** Mermaid's own ids: unique, without dots. */
const idOf = ({ path }: Node): string => path.join('_');
const nameOf = ({ path }: Node): string => (path.length === 0 ? '(any)' : path.join('.'));
export const childrenOf = ({ states }: Node): Node[] => Object.values(states) as Node[];

export function nodesIn(root: Node): Node[] {
  return [root, ...childrenOf(root).flatMap(nodesIn)];
}

function bodyOf(node: Node, depth: number): string[] {
  const children = childrenOf(node);
  const pad = '  '.repeat(depth);
  const [initial] = node.initial?.target ?? [];
  return [
    ...(initial === undefined ? [] : [`${pad}[*] --> ${idOf(initial as Node)}`]),
    ...children.flatMap((child) => {
      const title = `${pad}state "${child.key}" as ${idOf(child)}`;
      return childrenOf(child).length === 0
        ? [title]
        : [`${title} {`, ...bodyOf(child, depth + 1), `${pad}}`];
    }),
    ...children.filter(({ type }) => type === 'final').map((child) => `${pad}${idOf(child)} --> [*]`),
  ];
}

/** Every arrow to another state; those between the same two states share a line. */
function arrowsOf(root: Node): string[] {
  const labels = new Map<string, Set<string>>();
  for (const { event, arrow, source, target } of nodesIn(root).flatMap(leavingFrom)) {
    const key = `${idOf(source)} --> ${idOf(target)}`;
    labels.set(key, (labels.get(key) ?? new Set<string>()).add(labelOf(event, arrow)));
  }
  return [...labels].map(([arrow, told]) => `  ${arrow} : ${[...told].join('<br/>')}`);
}

interface Leaving extends Named {
  readonly source: Node;
  readonly target: Node;
}

/** An arrow of the whole chart leaves from each of its states that has none of its own for the event. */
function leavingFrom(node: Node): Leaving[] {
  const isRoot = node.path.length === 0;
  return arrowsFrom(node).flatMap(({ event, arrow }) => {
    const sources = isRoot
      ? childrenOf(node).filter(({ type, transitions }) => type !== 'final' && !transitions.has(event))
      : [node];
    const targets = (arrow.target ?? []) as Node[];
    return targets.flatMap((target) => sources.map((source) => ({ event, arrow, source, target })));
  });
}

export interface Named {
  readonly event: string;
  readonly arrow: Arrow;
}

export function arrowsFrom(node: Node): Named[] {
  const always = (node.always ?? []).map((arrow) => ({ event: 'always', arrow }));
  const on = [...node.transitions].flatMap(([event, arrows]) => arrows.map((arrow) => ({ event, arrow })));
  return [...always, ...on].filter(({ arrow }) => arrow.source === node);
}

export const labelOf = (event: string, arrow: Arrow): string => {
  const guard = guardOf(arrow);
  return `${eventName(event)}${guard === null ? '' : ` [${guard}]`}`;
};

function eventName(event: string): string {
  const ended = /^xstate\.(done|error)\.actor\.(\w+)$/.exec(event);
  if (ended === null) return event;
  return `${ended[2]} ${ended[1] === 'done' ? 'is done' : 'is broken'}`;
}

function guardOf({ guard }: Arrow): string | null {
  if (guard === undefined) return null;
  return typeof guard === 'object' && 'type' in guard ? String(guard.type) : String(guard);
}

const actionsOf = ({ actions }: Arrow): string[] =>
  actions.map((action) => (typeof action === 'object' && 'type' in action ? action.type : String(action)));

function rowOf(node: Node): string {
  const taken = new Map<string, string[]>();
  const forbidden: string[] = [];
  for (const { event, arrow } of arrowsFrom(node)) {
    if (arrow.target !== undefined) continue;
    const actions = actionsOf(arrow);
    if (actions.length === 0) forbidden.push(event);
    else taken.set(actions.join(', '), [...(taken.get(actions.join(', ')) ?? []), labelOf(event, arrow)]);
  }
  const told = [...taken].map(([actions, events]) => `**${actions}**: ${events.map(code).join(', ')}`);
  const not = forbidden.length === 0 ? [] : [`takes no ${forbidden.map(code).join(', ')}`];
  return `| ${code(nameOf(node))} | ${node.tags.join(', ')} | ${node.description ?? ''} | ${[...told, ...not].join('<br/>')} |`;
}

const code = (text: string): string => `\`${text}\``;
