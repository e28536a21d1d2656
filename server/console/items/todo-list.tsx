/** Steps, and how far they are. */
import type { PlanStep } from '../../../machines/domain/item.ts';

const WORDS = { pending: 'to do', running: 'at work', completed: 'done' } as const;

export const TodoList = ({ steps }: { readonly steps: readonly PlanStep[] }) => (
  <ol class="steps">
    {steps.map(({ text, status }, index) => (
      <li key={index} class={status}>
        <span class="step-mark" aria-hidden="true" />
        <span class="visually-hidden">{WORDS[status]}: </span>
        {text}
      </li>
    ))}
  </ol>
);
