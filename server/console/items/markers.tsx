/** Lines between messages: what changed, what went wrong, where it was cut. */
import { useSignal } from '@preact/signals';
import { FailureNote } from '../ui/failure-note.tsx';
import { errorCodeSchema } from '../../../machines/domain/error.ts';
import { Diff } from '../text/diff.tsx';
import { FileList } from '../text/file-list.tsx';
import { plural } from '../ui/times.ts';
import type { TransferKind } from '../../../machines/domain/transfer.ts';
import type { ItemProps } from './item-view.tsx';

export const Marker = ({ text, detail = '' }: { readonly text: string; readonly detail?: string }) =>
  detail === '' ? (
    <p class="marker">{text}</p>
  ) : (
    <details class="marker">
      <summary>{text}</summary>
      <pre class="output">{detail}</pre>
    </details>
  );

export const Notice = ({ item, body }: ItemProps<'notice'>) => (
  <p class={`marker notice ${body.tone}`}>
    <code class="code-tag">{body.topic}</code> {item.text}
  </p>
);

export function ErrorItem({ item, body }: ItemProps<'error'>) {
  const code = errorCodeSchema.safeParse(body.code).data;
  if (code !== undefined) return <FailureNote failure={{ code, message: item.text }} />;
  return (
    <p class="failure">
      <code class="code-tag">{body.code}</code> {item.text}
    </p>
  );
}

export const Unrecognized = ({ item, body }: ItemProps<'unrecognized'>) => (
  <Marker text={`The agent said something unknown: ${body.method}`} detail={item.text} />
);

const TRANSFERS = {
  fork: 'what was said before the fork',
  'merge-back': 'what a fork has done',
  switch: 'what the other agent did',
  resume: 'what was said before',
  rollback: 'what was said before',
  delegate: 'what it was asked to do',
} as const satisfies Record<TransferKind, string>;

export function Transfer({ item, body }: ItemProps<'transfer'>) {
  const state =
    body.superseded === true ? 'replaced' : body.consumedBy === undefined ? 'with the next prompt' : 'told';
  return <Marker text={`Context for the agent: ${TRANSFERS[body.transfer]} (${state})`} detail={item.text} />;
}

export function Rollback({ item, body: { target, restored } }: ItemProps<'rollback'>) {
  const place = target.turnId === null ? 'the beginning' : `turn ${target.ordinal}`;
  const files = restored === null ? '' : ` · ${plural(restored.fileCount, 'file')} put back`;
  const left =
    restored === null || restored.conflictCount === 0 ? '' : ` · ${restored.conflictCount} left alone`;
  const begun = item.status === 'open' ? 'Going back' : 'Went back';
  return <p class="marker">{`${begun} to ${place}${files}${left}`}</p>;
}

export function Checkpoint({ item, body, actions }: ItemProps<'checkpoint'>) {
  const diff = useSignal<string | null>(null);
  const { fileCount, additions, deletions, files } = body;
  const { turnId } = item;
  const show = async (isOpen: boolean): Promise<void> => {
    if (isOpen && diff.value === null && turnId !== null)
      diff.value = (await actions?.turnDiff(turnId)) ?? '';
  };
  return (
    <details class="marker checkpoint" onToggle={({ currentTarget }) => void show(currentTarget.open)}>
      <summary>
        {plural(fileCount, 'file')} changed <span class="plus">+{additions}</span>{' '}
        <span class="minus">−{deletions}</span>
      </summary>
      {diff.value === null || diff.value === '' ? (
        <FileList files={files} />
      ) : (
        <Diff text={diff.value} withNames />
      )}
    </details>
  );
}
