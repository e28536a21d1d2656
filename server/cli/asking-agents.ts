/** Sub-agents that wait for a person, at any depth: a turn that waits for them says nothing of it. */
import type { ThreadSnapshot } from '../../machines/domain/snapshot.ts';
import type { Client } from '../client/client.ts';

/** Of each, its snapshot; threads that are looked at are bounded. */
export async function askingAgents(
  client: Pick<Client, 'call'>,
  snapshot: ThreadSnapshot,
): Promise<ThreadSnapshot[]> {
  const waiting = [...atWorkIn(snapshot)];
  const asking: ThreadSnapshot[] = [];
  for (let count = 0; count < MOST_COUNT; count += 1) {
    const threadId = waiting.shift();
    if (threadId === undefined) break;
    const agent = (await client.call('orchestration.getThreadProjection', { threadId })).snapshot;
    if (agent.requests.length > 0) asking.push(agent);
    waiting.push(...atWorkIn(agent));
  }
  return asking;
}

const MOST_COUNT = 64;

function atWorkIn({ items, roster }: ThreadSnapshot): ReadonlySet<string> {
  const open = [...items, ...roster].filter(({ status }) => status === 'open');
  return new Set(
    open.flatMap(({ body }) => (body.kind === 'subagent' && body.threadId ? [body.threadId] : [])),
  );
}
