import { LiveThread } from './live-thread.ts';

/** The thread of a sub-agent, by its title, as soon as its parent shows it. */
export async function childOf(parent: LiveThread, title: string): Promise<LiveThread> {
  const threadId = await parent.until(() => {
    const found = parent.items('subagent').findLast(({ body }) => 'title' in body && body.title === title);
    return found?.body.kind === 'subagent' ? found.body.threadId : undefined;
  }, `a sub-agent ${title}`);
  const child = new LiveThread(parent.client, threadId);
  await child.until(() => child.view !== null, `a view of ${title}`);
  return child;
}

/** It has no connection, and what began it does not carry one for it. */
export async function isLetGo(child: LiveThread): Promise<void> {
  await child.until(() => child.view?.state?.bound === false, 'the end of its connection');
}
