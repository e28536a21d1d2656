/** The folder that a thread works in: typed, or looked for where the configuration lets us look. */
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { failureOf, type Failure } from '../../../machines/domain/error.ts';
import type { ResultOf } from '../../gateway/protocol.ts';
import type { ConsoleStore } from '../state/console-store.ts';
import { Button } from '../ui/button.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { FailureNote } from '../ui/failure-note.tsx';
import { Icon } from '../ui/icon.tsx';

type Read = ResultOf<'workspace.listFolders'>;

interface FolderFieldProps {
  readonly store: ConsoleStore;
  readonly path: string;
  readonly onPath: (path: string) => void;
}

export function FolderField({ store, path, onPath }: FolderFieldProps) {
  const isOpen = useSignal(false);
  return (
    <div class="field">
      <label for="folder">Folder</label>
      <div class="row">
        <input
          id="folder"
          value={path}
          placeholder="/path/to/project"
          spellcheck={false}
          onInput={({ currentTarget }) => onPath(currentTarget.value)}
        />
        <Button icon="folder" onClick={() => (isOpen.value = true)}>
          Choose…
        </Button>
      </div>
      {isOpen.value && (
        <FolderDialog
          store={store}
          start={path}
          onClose={() => (isOpen.value = false)}
          onPath={(chosen) => {
            isOpen.value = false;
            onPath(chosen);
          }}
        />
      )}
    </div>
  );
}

interface FolderDialogProps {
  readonly store: ConsoleStore;
  readonly start: string;
  readonly onClose: () => void;
  readonly onPath: (path: string) => void;
}

function FolderDialog({ store, start, onClose, onPath }: FolderDialogProps) {
  const read = useSignal<Read | null>(null);
  const failure = useSignal<Failure | null>(null);
  const look = async (path: string | null): Promise<void> => {
    try {
      read.value = await store.call('workspace.listFolders', path === null ? {} : { path });
      failure.value = null;
    } catch (error) {
      // what was typed may be anywhere
      if (read.value === null && path !== null) return look(null);
      failure.value = failureOf(error);
    }
  };
  useEffect(() => void look(start === '' ? null : start), []);
  return (
    <Dialog title="Choose a folder" onClose={onClose}>
      {failure.value !== null && <FailureNote failure={failure.value} />}
      {read.value !== null && <FolderList read={read.value} onLook={(path) => void look(path)} />}
      <div class="row">
        <Button look="primary" disabled={read.value === null} onClick={() => onPath(read.value?.path ?? '')}>
          Use this folder
        </Button>
        <Button onClick={onClose}>Cancel</Button>
      </div>
    </Dialog>
  );
}

function FolderList({ read, onLook }: { readonly read: Read; readonly onLook: (path: string) => void }) {
  const { path, parent, roots, folders, truncated } = read;
  return (
    <>
      <p>
        <code>{path}</code>
      </p>
      <ul class="choices scroll">
        {parent !== null && (
          <li>
            <button type="button" onClick={() => onLook(parent)}>
              <Icon name="up" /> One up
            </button>
          </li>
        )}
        {roots.length > 1 &&
          roots.map((root) => (
            <li key={root}>
              <button type="button" onClick={() => onLook(root)}>
                <Icon name="folder" /> {root}
              </button>
            </li>
          ))}
        {folders.map((folder) => (
          <li key={folder.path}>
            <button type="button" onClick={() => onLook(folder.path)}>
              <Icon name="folder" /> {folder.name} {folder.isRepository && <span class="muted">git</span>}
            </button>
          </li>
        ))}
      </ul>
      {truncated && <p class="muted">There are more folders than are listed.</p>}
    </>
  );
}
