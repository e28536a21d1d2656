/** What the turns of a thread changed in its files, altogether. */
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { failureOf, type Failure } from '../../../machines/domain/error.ts';
import type { ResultOf } from '../../gateway/protocol.ts';
import type { ThreadStore } from '../state/thread-store.ts';
import { Diff } from '../text/diff.tsx';
import { FileList } from '../text/file-list.tsx';
import { Button } from '../ui/button.tsx';
import { FailureNote } from '../ui/failure-note.tsx';
import { plural } from '../ui/times.ts';

type Read = ResultOf<'orchestration.getThreadDiff'>;

interface ChangesProps {
  readonly thread: ThreadStore;
  /** Another one: there may be more. */
  readonly version: number | null;
}

export function Changes({ thread, version }: ChangesProps) {
  const pages = useSignal<readonly Read[]>([]);
  const failure = useSignal<Failure | null>(null);
  const read = async (cursor?: string): Promise<void> => {
    try {
      const params = { threadId: thread.threadId, text: true, ...(cursor !== undefined && { cursor }) };
      const page = await thread.client.call('orchestration.getThreadDiff', params);
      pages.value = cursor === undefined ? [page] : [...pages.value, page];
      failure.value = null;
    } catch (error) {
      failure.value = failureOf(error);
    }
  };
  useEffect(() => void read(), [thread, version]);
  const [first] = pages.value;
  const next = pages.value.at(-1)?.next ?? null;
  if (failure.value !== null) return <FailureNote failure={failure.value} />;
  if (first === undefined) return <p class="muted pad">Reading…</p>;
  return (
    <div class="changes" tabIndex={0} role="region" aria-label="Changes">
      <p>
        {plural(first.fileCount, 'file')} changed <span class="plus">+{first.additions}</span>{' '}
        <span class="minus">−{first.deletions}</span>
        {first.reason !== null && <span class="muted"> · {first.reason}</span>}
      </p>
      {pages.value.map((page, index) => (
        <PageOfFiles key={index} page={page} />
      ))}
      {next !== null && <Button onClick={() => void read(next)}>More files</Button>}
    </div>
  );
}

function PageOfFiles({ page: { diff, files, truncated } }: { readonly page: Read }) {
  if (diff !== null && diff !== '') {
    return (
      <>
        <Diff text={diff} withNames />
        {truncated && <p class="muted">The rest of these files is not shown.</p>}
      </>
    );
  }
  return <FileList files={files} />;
}
