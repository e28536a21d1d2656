/** One entry of a transcript. */
import type { ComponentChildren } from 'preact';
import { memo } from '../ui/memo.tsx';
import type { ItemBody, ItemKind } from '../../../machines/domain/item.ts';
import type { WireItem } from '../../gateway/frame.ts';
import { AssistantMessage, Plan, Reasoning, UserMessage } from './messages.tsx';
import { Command, Delegation, FileChange, Search, Task, ToolCall } from './tools.tsx';
import { Checkpoint, ErrorItem, Marker, Notice, Rollback, Transfer, Unrecognized } from './markers.tsx';
import { TodoList } from './todo-list.tsx';
import type { ThreadActions } from '../thread/actions.ts';

export type BodyOf<K extends ItemKind> = Extract<ItemBody, { kind: K }>;

export interface ItemProps<K extends ItemKind> {
  readonly item: WireItem;
  readonly body: BodyOf<K>;
  /** `null`: nothing can be done, as with an earlier moment. */
  readonly actions: ThreadActions | null;
}

export interface ItemViewProps {
  readonly item: WireItem;
  readonly actions: ThreadActions | null;
}

export const ItemView = memo(({ item, actions }: ItemViewProps) => {
  const classes = [
    'item',
    item.body.kind,
    item.parentItemId !== undefined && 'nested',
    item.rolledBack === true && 'rolled-back',
    item.inherited !== undefined && 'inherited',
  ];
  return (
    <article class={classes.filter(Boolean).join(' ')} data-item={item.itemId} data-status={item.status}>
      {viewOf(item, actions)}
    </article>
  );
});

// one line for each kind
// oxlint-disable-next-line complexity
function viewOf(item: WireItem, actions: ThreadActions | null): ComponentChildren {
  const { body } = item;
  const more = { item, actions };
  switch (body.kind) {
    case 'user_message':
      return <UserMessage {...more} body={body} />;
    case 'assistant_message':
      return <AssistantMessage {...more} body={body} />;
    case 'reasoning':
      return <Reasoning {...more} body={body} />;
    case 'plan':
      return <Plan {...more} body={body} />;
    case 'command':
      return <Command {...more} body={body} />;
    case 'file_change':
      return <FileChange {...more} body={body} />;
    case 'tool_call':
      return <ToolCall {...more} body={body} />;
    case 'web_search':
      return <Search {...more} body={body} />;
    case 'task':
    case 'subagent':
      return <Task {...more} body={body} />;
    case 'delegation':
      return <Delegation {...more} body={body} />;
    case 'todo_list':
      return <TodoList steps={body.steps} />;
    case 'checkpoint':
      return <Checkpoint {...more} body={body} />;
    case 'rollback':
      return <Rollback {...more} body={body} />;
    case 'transfer':
      return <Transfer {...more} body={body} />;
    case 'notice':
      return <Notice {...more} body={body} />;
    case 'error':
      return <ErrorItem {...more} body={body} />;
    case 'compaction':
      return <Marker text="The conversation was shortened" detail={item.text} />;
    case 'unrecognized':
      return <Unrecognized {...more} body={body} />;
    default:
      // a kind that a later server sends
      return <Marker text="Something that this console does not know" detail={JSON.stringify(body)} />;
  }
}
