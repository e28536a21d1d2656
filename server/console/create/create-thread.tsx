/** A new thread: which agent, where, and how much it may do. */
import { useSignal } from '@preact/signals';
import { failureOf, type Failure } from '../../../machines/domain/error.ts';
import { runtimeModeSchema, type RuntimeMode } from '../../../machines/domain/settings.ts';
import type { ConsoleStore } from '../state/console-store.ts';
import { goTo, threadHref } from '../state/route.ts';
import { titleOfPrompt } from '../shell/thread-tree.ts';
import { ACCESS_LABELS } from '../thread/settings-bar.tsx';
import { Button } from '../ui/button.tsx';
import { FailureNote } from '../ui/failure-note.tsx';
import { FolderField } from './folder-field.tsx';

interface NewThread {
  readonly instanceId: string;
  readonly cwd: string;
  readonly model: string;
  readonly runtimeMode: RuntimeMode;
  readonly isPlan: boolean;
  readonly hasWorktree: boolean;
  readonly text: string;
}

const LAST_KEY = 'threadchart.new';

export function CreateThread({ store }: { readonly store: ConsoleStore }) {
  const given = useSignal(lastGiven());
  const failure = useSignal<Failure | null>(null);
  const isSending = useSignal(false);
  const instances = [...store.instances.value.values()];
  const instance = instances.find(({ instanceId }) => instanceId === given.value.instanceId) ?? instances[0];
  const set = (change: Partial<NewThread>): void => void (given.value = { ...given.value, ...change });
  const create = async (): Promise<void> => {
    if (instance === undefined || isSending.value) return;
    isSending.value = true;
    try {
      goTo(threadHref(await createThread(store, { ...given.value, instanceId: instance.instanceId })));
    } catch (error) {
      failure.value = failureOf(error);
    }
    isSending.value = false;
  };
  return (
    <main class="page form-page" id="main">
      <h1>New thread</h1>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void create();
        }}
      >
        <Choices store={store} given={given.value} set={set} instanceId={instance?.instanceId ?? ''} />
        <FolderField store={store} path={given.value.cwd} onPath={(cwd) => set({ cwd })} />
        <label class="check">
          <input
            type="checkbox"
            checked={given.value.hasWorktree}
            onChange={({ currentTarget }) => set({ hasWorktree: currentTarget.checked })}
          />
          In a git working tree of its own
        </label>
        <label class="field">
          First prompt
          <textarea
            rows={4}
            placeholder="It can also be written later"
            value={given.value.text}
            onInput={({ currentTarget }) => set({ text: currentTarget.value })}
            onKeyDown={(event) => {
              if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) void create();
            }}
          />
        </label>
        {failure.value !== null && <FailureNote failure={failure.value} />}
        <div class="row">
          <Button look="primary" type="submit" disabled={given.value.cwd === '' || isSending.value}>
            {given.value.text.trim() === '' ? 'Create' : 'Create and send'}
          </Button>
          <Button onClick={() => history.back()}>Cancel</Button>
        </div>
      </form>
    </main>
  );
}

interface ChoicesProps {
  readonly store: ConsoleStore;
  readonly given: NewThread;
  readonly set: (change: Partial<NewThread>) => void;
  readonly instanceId: string;
}

function Choices({ store, given, set, instanceId }: ChoicesProps) {
  const instances = [...store.instances.value.values()];
  const instance = instances.find((each) => each.instanceId === instanceId);
  return (
    <div class="fields">
      <label class="field">
        Agent
        <select
          value={instanceId}
          onChange={({ currentTarget }) => set({ instanceId: currentTarget.value, model: '' })}
        >
          {instances.map((each) => (
            <option key={each.instanceId} value={each.instanceId} disabled={!each.available}>
              {each.instanceId}
              {each.available ? '' : ` (${each.reason ?? 'not available'})`}
            </option>
          ))}
        </select>
      </label>
      <label class="field">
        Model
        <select value={given.model} onChange={({ currentTarget }) => set({ model: currentTarget.value })}>
          <option value="">Default</option>
          {instance?.models.map(({ id, name }) => (
            <option key={id} value={id}>
              {name}
            </option>
          ))}
        </select>
      </label>
      <label class="field">
        Access
        <select
          value={given.runtimeMode}
          onChange={({ currentTarget }) => {
            const runtimeMode = runtimeModeSchema.safeParse(currentTarget.value).data;
            if (runtimeMode !== undefined) set({ runtimeMode });
          }}
        >
          {runtimeModeSchema.options.map((mode) => (
            <option key={mode} value={mode}>
              {ACCESS_LABELS[mode]}
            </option>
          ))}
        </select>
      </label>
      {instance?.capabilities.planMode === true && (
        <label class="check">
          <input
            type="checkbox"
            checked={given.isPlan}
            onChange={({ currentTarget }) => set({ isPlan: currentTarget.checked })}
          />
          Plan first
        </label>
      )}
    </div>
  );
}

/** @returns the id of the thread; its first prompt is under way. @throws {RuntimeError} */
async function createThread({ client }: ConsoleStore, given: NewThread): Promise<string> {
  const { cwd, instanceId, model, runtimeMode, isPlan, hasWorktree, text } = given;
  const { threadId } = await client.dispatch({
    type: 'thread.create',
    cwd,
    instanceId,
    runtimeMode,
    title: titleOfPrompt(text),
    ...(model !== '' && { model }),
    ...(isPlan && { interactionMode: 'plan' }),
    ...(hasWorktree && { worktree: {} }),
  });
  localStorage.setItem(LAST_KEY, JSON.stringify({ cwd, instanceId, runtimeMode }));
  if (text.trim() !== '') await client.dispatch({ type: 'turn.submit', threadId, text: text.trim() });
  return threadId;
}

/** What was chosen the last time. */
function lastGiven(): NewThread {
  const none: NewThread = {
    instanceId: '',
    cwd: '',
    model: '',
    runtimeMode: 'approval-required',
    isPlan: false,
    hasWorktree: false,
    text: '',
  };
  try {
    const known: Partial<NewThread> = JSON.parse(localStorage.getItem(LAST_KEY) ?? '{}');
    return { ...none, ...known };
  } catch {
    return none;
  }
}
