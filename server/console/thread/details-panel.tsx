/** What stands beside the conversation: plan, to-do list, background work, use of the model. */
import type { ComponentChildren } from 'preact';
import type { Usage } from '../../../machines/domain/turn.ts';
import type { WireItem } from '../../gateway/frame.ts';
import { TodoList } from '../items/todo-list.tsx';
import type { Moment } from '../state/moment.ts';
import { amount } from '../ui/times.ts';

interface DetailsPanelProps {
  readonly moment: Moment;
  /** Asked for where there is little room. */
  readonly isOpen?: boolean;
}

export function DetailsPanel({ moment, isOpen = false }: DetailsPanelProps) {
  const { plan, usage, roster, latest } = moment;
  const todo = latest.findLast(({ body }) => body.kind === 'todo_list')?.body;
  return (
    <aside class={isOpen ? 'details open' : 'details'} aria-label="Details">
      {plan !== null && plan.steps.length > 0 && (
        <Section title="Plan">
          {plan.explanation !== null && <p>{plan.explanation}</p>}
          <TodoList steps={plan.steps} />
        </Section>
      )}
      {todo?.kind === 'todo_list' && (
        <Section title="To do">
          <TodoList steps={todo.steps} />
        </Section>
      )}
      {roster.length > 0 && (
        <Section title="In the background">
          <ul class="file-list">
            {roster.map((item) => (
              <li key={item.itemId}>{nameOf(item)}</li>
            ))}
          </ul>
        </Section>
      )}
      {usage !== null && <UsageSection usage={usage} />}
      <SettingsSection moment={moment} />
    </aside>
  );
}

function SettingsSection({ moment: { thread, worktree } }: { readonly moment: Moment }) {
  return (
    <Section title="Settings">
      <dl>
        <Fact name="Model" value={thread.model ?? 'default'} />
        <Fact name="Access" value={thread.runtimeMode} />
        {thread.interactionMode === 'plan' && <Fact name="Mode" value="plan" />}
        {worktree?.made && <Fact name="Branch" value={worktree.made.branch} />}
        {worktree !== undefined && worktree.status !== 'ready' && (
          <Fact name="Working tree" value={worktree.status} />
        )}
      </dl>
    </Section>
  );
}

function UsageSection({ usage }: { readonly usage: Usage }) {
  const { inputTokens, outputTokens, cachedInputTokens, contextTokens, contextWindow } = usage;
  return (
    <Section title="Use">
      <dl>
        <Fact name="Input" value={amount(inputTokens)} />
        <Fact name="of it cached" value={amount(cachedInputTokens)} />
        <Fact name="Output" value={amount(outputTokens)} />
        <Fact
          name="Context"
          value={
            contextWindow === null
              ? amount(contextTokens)
              : `${amount(contextTokens)} of ${amount(contextWindow)}`
          }
        />
      </dl>
      {contextWindow !== null && (
        <meter min={0} max={contextWindow} value={contextTokens} aria-label="Context in use" />
      )}
    </Section>
  );
}

const Section = ({ title, children }: { readonly title: string; readonly children: ComponentChildren }) => (
  <section>
    <h2>{title}</h2>
    {children}
  </section>
);

const Fact = ({ name, value }: { readonly name: string; readonly value: string }) => (
  <>
    <dt>{name}</dt>
    <dd>{value}</dd>
  </>
);

function nameOf({ body }: WireItem): string {
  if (body.kind === 'command') return body.command;
  return body.kind === 'task' || body.kind === 'subagent' ? body.title : body.kind;
}
