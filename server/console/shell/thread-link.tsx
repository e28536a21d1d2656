/** A line of the thread list. */
import type { ThreadRow } from '../../../machines/domain/snapshot.ts';
import { threadHref } from '../state/route.ts';
import { StatusDot } from '../ui/status.tsx';
import { shortTime } from '../ui/times.ts';
import { titleOf } from './thread-tree.ts';

interface ThreadLinkProps {
  readonly row: ThreadRow;
  readonly depth: number;
  readonly isCurrent: boolean;
  readonly isUnread: boolean;
  readonly now: number;
}

export function ThreadLink({ row, depth, isCurrent, isUnread, now }: ThreadLinkProps) {
  const attention = row.openRequestCount > 0;
  const says = [attention ? 'waits for you' : row.status, isUnread && 'unread', kindOf(row)];
  return (
    <li class={`depth-${depth}`}>
      <a
        href={threadHref(row.id)}
        class={`thread-link ${isUnread ? 'unread' : ''}`}
        aria-current={isCurrent ? 'page' : undefined}
        data-thread={row.id}
      >
        <StatusDot status={row.status} attention={attention} />
        <span class="visually-hidden">{says.filter(Boolean).join(', ')}: </span>
        <span class="thread-title">{titleOf(row)}</span>
        <time class="thread-time">{shortTime(row.updatedAt, now)}</time>
        <span class="thread-more">
          {[kindOf(row), row.instanceId, folderName(row.cwd)].filter(Boolean).join(' · ')}
          {row.backgroundCount > 0 && ` · ${row.backgroundCount} in background`}
        </span>
      </a>
    </li>
  );
}

const KINDS = { fork: 'fork', delegate: 'delegated', subagent: 'sub-agent' } as const;

const kindOf = ({ lineageKind }: ThreadRow): string | null =>
  lineageKind === undefined ? null : KINDS[lineageKind];

const folderName = (cwd: string): string => cwd.split('/').findLast((part) => part !== '') ?? '/';
