/** The field for the next prompt. What it can do stands in `can`: start, queue, steer, restart, interrupt. */
import { useSignal, type Signal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import type { SubmitMode } from '../../../machines/domain/command.ts';
import { titleOfPrompt } from '../shell/thread-tree.ts';
import { AttachmentImages } from '../items/attachment-images.tsx';
import { upload } from '../session/attachments.ts';
import { Button, IconButton } from '../ui/button.tsx';
import { Menu } from '../ui/menu.tsx';
import type { ThreadActions } from './actions.ts';
import type { ChatProps } from './chat.tsx';
import { Draft } from './draft.ts';
import { SettingsBar } from './settings-bar.tsx';

/** The first that is possible is what Enter does, the second what Enter with Ctrl does. */
const ORDER: readonly SubmitMode[] = ['start', 'queue', 'steer', 'restart'];
const LABELS = { start: 'Send', queue: 'Queue', steer: 'Steer', restart: 'Restart' } as const;
const HINTS = {
  start: 'begins a turn',
  queue: 'waits until the turn has completed',
  steer: 'goes into the running turn',
  restart: 'interrupts the turn and runs this next',
} as const;

export function Composer({ store, moment, actions }: ChatProps) {
  const { id } = moment.thread;
  const draft = useRef(new Draft(id)).current;
  const field = useRef<HTMLTextAreaElement>(null);
  const isSending = useSignal(false);
  const modes = ORDER.filter((mode) => actions.can(`turn.submit:${mode}`)).filter(
    (mode, _, all) => mode !== 'queue' || !all.includes('start'),
  );
  useEffect(() => grow(field.current), [draft.text.value]);
  const send = async (mode: SubmitMode | undefined): Promise<void> => {
    const text = draft.text.value.trim();
    if (mode === undefined || text === '' || isSending.value) return;
    isSending.value = true;
    const attachments = [...draft.attachments.value];
    if (await actions.run({ type: 'turn.submit', text, mode, attachments })) {
      draft.clear();
      if (moment.thread.title === '' && moment.items.last === 0) await actions.run(titleFor(text));
    }
    isSending.value = false;
    field.current?.focus();
  };
  return (
    <form
      class="composer"
      onSubmit={(event) => {
        event.preventDefault();
        void send(modes[0]);
      }}
    >
      {draft.attachments.value.length > 0 && <Attached draft={draft} />}
      <textarea
        id="composer"
        ref={field}
        rows={1}
        placeholder={modes.length === 0 ? 'The thread takes no prompt now' : 'Write a prompt'}
        aria-label="Prompt"
        value={draft.text.value}
        onInput={({ currentTarget }) => draft.write(currentTarget.value)}
        onPaste={(event) => void attachAll(event.clipboardData?.files, draft, actions)}
        onKeyDown={(event) => onKey(event, { modes, actions, send: (mode) => void send(mode) })}
      />
      <div class="composer-foot">
        <AttachButton draft={draft} actions={actions} />
        <SettingsBar store={store} moment={moment} actions={actions} />
        <SendButtons
          modes={modes}
          actions={actions}
          isEmpty={draft.text.value.trim() === '' || isSending.value}
          send={(mode) => void send(mode)}
        />
      </div>
    </form>
  );
}

/** An unnamed thread is called by its first prompt. */
const titleFor = (text: string) => ({ type: 'thread.setTitle', title: titleOfPrompt(text) }) as const;

interface SendButtonsProps extends KeyContext {
  readonly isEmpty: boolean;
}

function SendButtons({ modes, actions, isEmpty, send }: SendButtonsProps) {
  const [first, second, ...more] = modes;
  return (
    <div class="send-buttons">
      {actions.can('turn.interrupt') && (
        <Button
          icon="stop"
          title="Interrupt the turn (Escape)"
          onClick={() => void actions.run({ type: 'turn.interrupt' })}
        >
          Interrupt
        </Button>
      )}
      {!isEmpty && (
        <Menu
          label="More ways to send"
          items={more.map((mode) => ({ label: `${LABELS[mode]}: ${HINTS[mode]}`, run: () => send(mode) }))}
        />
      )}
      {second !== undefined && (
        <Button title={`${HINTS[second]} (Ctrl+Enter)`} disabled={isEmpty} onClick={() => send(second)}>
          {LABELS[second]}
        </Button>
      )}
      {first !== undefined && (
        <Button look="primary" type="submit" title={`${HINTS[first]} (Enter)`} disabled={isEmpty}>
          {LABELS[first]}
        </Button>
      )}
    </div>
  );
}

interface KeyContext {
  readonly modes: readonly SubmitMode[];
  readonly actions: ThreadActions;
  readonly send: (mode: SubmitMode | undefined) => void;
}

function onKey(event: KeyboardEvent, { modes, actions, send }: KeyContext): void {
  if (event.isComposing) return;
  if (event.key === 'Escape' && actions.can('turn.interrupt')) {
    event.preventDefault();
    void actions.run({ type: 'turn.interrupt' });
  }
  if (event.key !== 'Enter' || event.shiftKey) return;
  event.preventDefault();
  const isSecond = event.ctrlKey || event.metaKey;
  send(isSecond ? (modes[1] ?? modes[0]) : modes[0]);
}

const MOST_PX = 320;

/** As high as its text. */
function grow(field: HTMLTextAreaElement | null): void {
  if (field === null) return;
  field.style.height = 'auto';
  field.style.height = `${Math.min(MOST_PX, field.scrollHeight)}px`;
}

const MOST_ATTACHMENTS = 8;

async function attachAll(
  files: FileList | null | undefined,
  draft: Draft,
  actions: ThreadActions,
): Promise<void> {
  for (const file of files ?? []) {
    if (!file.type.startsWith('image/') || draft.attachments.value.length >= MOST_ATTACHMENTS) continue;
    const id = await actions.try(() => upload(file));
    if (id !== null) draft.attachments.value = [...draft.attachments.value, id];
  }
}

function AttachButton({ draft, actions }: { readonly draft: Draft; readonly actions: ThreadActions }) {
  const input = useRef<HTMLInputElement>(null);
  return (
    <>
      <input
        ref={input}
        type="file"
        accept="image/png,image/jpeg,image/gif,image/webp"
        multiple
        hidden
        onChange={({ currentTarget }) => void attachAll(currentTarget.files, draft, actions)}
      />
      <IconButton icon="image" label="Attach pictures" onClick={() => input.current?.click()} />
    </>
  );
}

const Attached = ({
  draft: { attachments },
}: {
  readonly draft: { readonly attachments: Signal<readonly string[]> };
}) => (
  <div class="attached">
    <AttachmentImages ids={attachments.value} />
    <button type="button" class="link" onClick={() => (attachments.value = [])}>
      Remove pictures
    </button>
  </div>
);
