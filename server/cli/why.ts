/** `threadchart why`: what a thread waits for, from whom, since when, what ends it, and what to do now. */
import { stripVTControlCharacters } from 'node:util';
import type { ThreadSnapshot } from '../../machines/domain/snapshot.ts';
import { whyOf, type Bound, type Why } from '../../machines/domain/why.ts';
import { askingAgents } from './asking-agents.ts';
import { commandLine } from './command-line.ts';
import { withClient, type ClientFlags } from './connection.ts';
import { clockTimeOf, durationOf } from './durations.ts';
import { EXIT_CODES, type ExitCode } from './exit-codes.ts';
import type { Terminal } from './terminal.ts';

interface Scene {
  readonly thread: ThreadSnapshot['thread'];
  readonly flags: ClientFlags;
  readonly now: number;
}

export function whyCommand(threadId: string, flags: ClientFlags, terminal: Terminal): Promise<ExitCode> {
  return withClient(flags, async (client) => {
    const { snapshot } = await client.call('orchestration.getThreadProjection', { threadId });
    const { providers } = await client.call('providers.list', {});
    const instance = providers.find((each) => each.instanceId === snapshot.thread.instanceId) ?? null;
    const asked = (await askingAgents(client, snapshot)).flatMap(askedBy);
    const why = [
      ...asked,
      ...whyOf(snapshot, instance).map((each) => ({ ...each, thread: snapshot.thread })),
    ];
    const now = Date.now();
    const text = [terminal.style('bold', `${threadId} is ${snapshot.thread.status}`)];
    for (const { thread, ...each } of why) text.push(...linesOf(each, { thread, flags, now }, terminal));
    const document = why.map(({ thread, ...each }) =>
      thread.id === threadId ? each : { ...each, threadId: thread.id },
    );
    terminal.print(text.join('\n'), { threadId, status: snapshot.thread.status, why: document });
    return EXIT_CODES.ok;
  });
}

/** What a sub-agent asks; the thread that has begun it may wait for that. */
function askedBy(agent: ThreadSnapshot): (Why & Pick<Scene, 'thread'>)[] {
  const { thread } = agent;
  const asked = whyOf(agent, null).filter(({ requestId }) => requestId !== null);
  const name = thread.title === '' ? thread.id : `"${thread.title}" (${thread.id})`;
  return asked.map((each) => ({ ...each, what: `its sub-agent ${name}: ${each.what}`, thread }));
}

function linesOf(why: Why, scene: Scene, terminal: Terminal): string[] {
  const { sinceAt, endedBy, advice } = why;
  const { now } = scene;
  const facts: [string, string | null][] = [
    ['waits for', whomOf(why, scene)],
    ['since', `${clockTimeOf(sinceAt, now)} (${durationOf(Math.max(0, now - sinceAt))})`],
    ['ends', endedBy === null ? null : endOf(endedBy, now)],
    ['do', advice],
    ...commandsOf(why, scene).map((line, index): [string, string] => [
      index > 0 ? '' : advice === null ? 'run' : 'or run',
      line,
    ]),
  ];
  const told = facts.flatMap(([name, text]) =>
    text === null ? [] : [`  ${terminal.style('dim', name.padEnd(9))}  ${text}`],
  );
  return [terminal.style('yellow', stripVTControlCharacters(why.what)), ...told];
}

function whomOf({ from }: Why, { thread }: Scene): string | null {
  if (from === 'nobody') return null;
  if (from === 'person') return 'you';
  return from === 'provider' ? thread.instanceId : 'this server';
}

function endOf({ timer, dueAt, idle, outcome }: Bound, now: number): string {
  const left = durationOf(Math.max(0, dueAt - now));
  const [name] = timer.split(':');
  return `in ${left}${idle ? ' of silence' : ' at most'}: ${outcome} (${name})`;
}

/** What this program can do of what the thread takes. */
function commandsOf({ canDo, requestId }: Why, { thread, flags }: Scene): string[] {
  const lines: string[] = [];
  const add = (...words: string[]): void => void lines.push(commandLine(words, flags));
  if (requestId !== null && canDo.includes('request.respond')) add('answer', thread.id, requestId, 'accept');
  if (canDo.includes('turn.submit:steer')) add('send', '--thread', thread.id, '--mode', 'steer', 'TEXT');
  if (canDo.includes('turn.submit:start')) add('send', '--thread', thread.id, 'TEXT');
  if (canDo.includes('thread.stop')) add('stop', thread.id);
  return lines;
}
