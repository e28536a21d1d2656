/** What people and agents say. */
import { threadHref } from '../state/route.ts';
import { Markdown } from '../text/markdown.tsx';
import { IconButton } from '../ui/button.tsx';
import { canCopy, copy } from '../ui/clipboard.ts';
import { clockTime, wholeTime } from '../ui/times.ts';
import { AttachmentImages } from './attachment-images.tsx';
import type { ItemProps } from './item-view.tsx';
import { RestOfText } from './rest-of-text.tsx';

const INTENTS = { start: null, steer: 'into the running turn', provider: 'by the agent' } as const;

export function UserMessage({ item, body, actions }: ItemProps<'user_message'>) {
  const intent = INTENTS[body.intent];
  return (
    <div class="bubble">
      {body.attachments.length > 0 && <AttachmentImages ids={body.attachments} />}
      <div class="pre">{item.text}</div>
      <RestOfText item={item} actions={actions} />
      <footer class="item-foot">
        <time title={wholeTime(item.createdAt)}>{clockTime(item.createdAt)}</time>
        {intent !== null && <span class="muted">{intent}</span>}
        {body.from?.map((threadId) => (
          <a key={threadId} href={threadHref(threadId)}>
            by the agent of another thread
          </a>
        ))}
        {actions !== null && actions.canEdit(item) && (
          <IconButton icon="edit" label="Edit and run again" onClick={() => actions.edit(item)} />
        )}
      </footer>
    </div>
  );
}

export function AssistantMessage({ item, actions }: ItemProps<'assistant_message'>) {
  const isOpen = item.status === 'open';
  return (
    <div class={isOpen ? 'says streaming' : 'says'} aria-busy={isOpen}>
      <Markdown text={item.text} />
      <RestOfText item={item} actions={actions} />
      {!isOpen && <MessageFoot item={item} actions={actions} />}
    </div>
  );
}

function MessageFoot({ item, actions }: Pick<ItemProps<'assistant_message'>, 'item' | 'actions'>) {
  const { turnId, text } = item;
  return (
    <footer class="item-foot hover-only">
      <time title={wholeTime(item.updatedAt)}>{clockTime(item.updatedAt)}</time>
      {canCopy() && <IconButton icon="copy" label="Copy" onClick={() => void copy(text)} />}
      {actions !== null && turnId !== null && item.rolledBack !== true && (
        <>
          {actions.can('thread.fork') && (
            <IconButton
              icon="fork"
              label="Fork after this turn"
              onClick={() => void actions.fork({ turnId })}
            />
          )}
          {actions.can('checkpoint.rollback') && (
            <IconButton icon="undo" label="Go back to this turn" onClick={() => actions.rollback(turnId)} />
          )}
        </>
      )}
    </footer>
  );
}

export const Reasoning = ({ item, actions }: ItemProps<'reasoning'>) => (
  <details class="fold">
    <summary>{item.status === 'open' ? 'Thinking…' : 'Thought'}</summary>
    <Markdown text={item.text} />
    <RestOfText item={item} actions={actions} />
  </details>
);

export function Plan({ item, body, actions }: ItemProps<'plan'>) {
  return (
    <section class="card plan-card" aria-label="Plan">
      <header class="card-head">Plan</header>
      <Markdown text={item.text} />
      <RestOfText item={item} actions={actions} />
      {body.implementedBy !== undefined && <p class="muted">Implemented</p>}
      {actions !== null && body.implementedBy === undefined && item.status === 'completed' && (
        <button type="button" class="button primary" onClick={() => void actions.implement(item)}>
          Implement this plan
        </button>
      )}
    </section>
  );
}
