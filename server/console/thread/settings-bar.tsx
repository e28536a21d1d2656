/** What the next turn runs with: model, access, plan mode. */
import { runtimeModeSchema } from '../../../machines/domain/settings.ts';
import type { ChatProps } from './chat.tsx';

export const ACCESS_LABELS = {
  'approval-required': 'Asks first',
  'auto-accept-edits': 'Edits freely',
  auto: 'Asks when needed',
  'full-access': 'Full access',
} as const;

export function SettingsBar({ store, moment: { thread }, actions }: ChatProps) {
  const instance = store.instances.value.get(thread.instanceId);
  const isFixed = !actions.can('thread.set');
  const models = instance?.models ?? [];
  return (
    <>
      {models.length > 0 && (
        <select
          aria-label="Model"
          disabled={isFixed}
          value={thread.model ?? ''}
          onChange={({ currentTarget: { value } }) =>
            void actions.run({ type: 'thread.setModel', model: value === '' ? null : value })
          }
        >
          <option value="">Default model</option>
          {models.map(({ id, name }) => (
            <option key={id} value={id}>
              {name}
            </option>
          ))}
        </select>
      )}
      <select
        aria-label="Access"
        disabled={isFixed}
        value={thread.runtimeMode}
        onChange={({ currentTarget }) => {
          const mode = runtimeModeSchema.safeParse(currentTarget.value).data;
          if (mode !== undefined)
            void actions.run({ type: 'thread.setRuntimeMode', runtimeMode: mode, policy: thread.policy });
        }}
      >
        {runtimeModeSchema.options.map((mode) => (
          <option key={mode} value={mode}>
            {ACCESS_LABELS[mode]}
          </option>
        ))}
      </select>
      {instance?.capabilities.planMode === true && (
        <label class="check">
          <input
            type="checkbox"
            disabled={isFixed}
            checked={thread.interactionMode === 'plan'}
            onChange={({ currentTarget: { checked } }) =>
              void actions.run({
                type: 'thread.setInteractionMode',
                interactionMode: checked ? 'plan' : 'default',
              })
            }
          />
          Plan
        </label>
      )}
    </>
  );
}
