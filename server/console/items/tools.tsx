/** What agents do: folded, with one line that says what it was. */
import type { ComponentChildren } from 'preact';
import type { WireItem } from '../../gateway/frame.ts';
import { threadHref } from '../state/route.ts';
import { Diff } from '../text/diff.tsx';
import { Markdown } from '../text/markdown.tsx';
import { FailureNote } from '../ui/failure-note.tsx';
import { duration } from '../ui/times.ts';
import type { ItemProps } from './item-view.tsx';
import { RestOfText } from './rest-of-text.tsx';
import type { ThreadActions } from '../thread/actions.ts';

interface ToolProps {
  readonly item: WireItem;
  readonly actions: ThreadActions | null;
  readonly name: string;
  readonly title: ComponentChildren;
  readonly note?: string | undefined;
  readonly children?: ComponentChildren;
}

function Tool({ item, actions, name, title, note, children }: ToolProps) {
  return (
    <details class={`tool ${item.status}`}>
      <summary>
        <span class={`tool-state ${item.status}`} title={item.status} />
        <span class="visually-hidden">{item.status} </span>
        <span class="tool-name">{name}</span>
        <span class="tool-title">{title}</span>
        {note !== undefined && <span class="tool-note">{note}</span>}
      </summary>
      <div class="tool-body">
        {children}
        <RestOfText item={item} actions={actions} />
      </div>
    </details>
  );
}

const Output = ({ text }: { readonly text: string }) =>
  text === '' ? null : (
    <pre class="output" tabIndex={0}>
      {text}
    </pre>
  );

export function Command({ item, body, actions }: ItemProps<'command'>) {
  const { command, cwd, exitCode, durationMs } = body;
  const exit = exitCode !== undefined && exitCode !== null && exitCode !== 0 ? `exit ${exitCode}` : null;
  const took = durationMs === undefined ? null : duration(durationMs);
  const note = [exit, took].filter((each) => each !== null).join(' · ');
  return (
    <Tool
      item={item}
      actions={actions}
      name="run"
      title={<code>{command}</code>}
      note={note === '' ? undefined : note}
    >
      {cwd !== undefined && <p class="muted">in {cwd}</p>}
      <pre class="output command-line">{command}</pre>
      <Output text={item.text} />
    </Tool>
  );
}

export function FileChange({ item, body: { changes }, actions }: ItemProps<'file_change'>) {
  const title = changes.map(({ path }) => path.split('/').at(-1)).join(', ');
  return (
    <Tool
      item={item}
      actions={actions}
      name={changes.length === 1 ? (changes[0]?.kind ?? 'edit') : 'edit'}
      title={title}
    >
      {changes.map(({ path, diff, kind, from }) => (
        <section key={path}>
          <p class="muted">
            {kind} <code>{from === undefined ? path : `${from} → ${path}`}</code>
          </p>
          {diff !== undefined && diff !== '' && <Diff text={diff} path={path} />}
        </section>
      ))}
      <Output text={item.text} />
    </Tool>
  );
}

export const ToolCall = ({ item, body, actions }: ItemProps<'tool_call'>) => (
  <Tool
    item={item}
    actions={actions}
    name={body.server === undefined ? 'tool' : body.server}
    title={body.tool}
  >
    {body.input !== undefined && <Output text={pretty(body.input)} />}
    <Output text={item.text} />
  </Tool>
);

export const Search = ({ item, body, actions }: ItemProps<'web_search'>) => (
  <Tool item={item} actions={actions} name="search" title={body.query}>
    <Output text={item.text} />
  </Tool>
);

export const Task = ({ item, body, actions }: ItemProps<'task' | 'subagent'>) => (
  <Tool
    item={item}
    actions={actions}
    name={body.kind === 'task' ? 'task' : 'sub-agent'}
    title={body.title}
    note={item.background === true ? 'in background' : undefined}
  >
    <Markdown text={item.text} />
    {body.kind === 'subagent' && body.threadId !== undefined && (
      <a href={threadHref(body.threadId)}>Open its thread</a>
    )}
  </Tool>
);

/** Its thread has all of it; the text is what came of it. */
export const Delegation = ({ item, body, actions }: ItemProps<'delegation'>) => (
  <Tool
    item={item}
    actions={actions}
    name={`task for ${body.instanceId}`}
    title={body.title}
    note={body.outcome === undefined || body.outcome === 'completed' ? undefined : body.outcome}
  >
    <Markdown text={item.text} />
    {body.failure !== undefined && <FailureNote failure={body.failure} />}
    <a href={threadHref(body.threadId)}>Open its thread</a>
  </Tool>
);

function pretty(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
