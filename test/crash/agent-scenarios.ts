/** Sub-agents of every kind: at work, at its end, nested, asking, and going on after the turn of its parent. */
import { ScriptedAgent, type Carrier } from '../helpers/scripted-agent.ts';
import { threadId } from '../helpers/server-runs.ts';
import { answer, ask, create, submit, type Scenario, type Stage, type Step } from './steps.ts';

const ONE = 'one';
const PARENT_OF: Readonly<Record<string, string>> = { two: ONE, three: 'two' };

function rootOf({ run }: Stage): Carrier {
  const connectionId = run.provider.connectionIds.find((each) => each.startsWith('t1#'));
  if (connectionId === undefined) throw new Error('t1 has no connection');
  return { threadId: threadId('t1'), connectionId };
}

function agentOf(stage: Stage, name: string): ScriptedAgent {
  const root = rootOf(stage);
  const parent = PARENT_OF[name];
  return new ScriptedAgent(stage.run, name, {
    root,
    parent: parent === undefined ? root : agentOf(stage, parent),
  });
}

const agent =
  (name: string, act: (agent: ScriptedAgent, stage: Stage) => void): Step =>
  (stage) =>
    act(agentOf(stage, name), stage);
const starts = (name: string): Step => agent(name, (each) => void each.start().begin());
const says = (name: string, text: string): Step =>
  agent(name, (each) => void each.item({ kind: 'assistant_message' }, text));
const asks = (name: string): Step => agent(name, (each) => void each.ask());
const finishes = (name: string): Step => agent(name, (each) => void each.finish());
const settles = (name: string): Step => agent(name, (each) => each.settle());
const answers = (name: string): Step =>
  agent(name, ({ threadId: of }, stage) => answer(of, 0, 'accept')(stage));
/** The parent's turn ends; what it has begun goes on. */
const parentEnds: Step = (stage) => stage.run.provider.session(rootOf(stage).connectionId).goOn();

/** Every sub-agent that is told of is a thread below who began it, and none is there that is not told of. */
function areFamily({ run }: Stage): void {
  const ids = run.journal.threadIds();
  const told = ids.flatMap((parentId) =>
    run
      .facts(parentId)
      .flatMap((fact) => (fact.type === 'subagent.started' ? [`${parentId} > ${fact.childId}`] : [])),
  );
  const made = ids.flatMap((id) => {
    const lineage = run.journal.threadState(id)?.lineage;
    return lineage?.kind === 'subagent' ? [`${lineage.parentId} > ${id}`] : [];
  });
  const [left, right] = [new Set(told), new Set(made)].map((each) => [...each].toSorted().join());
  if (left !== right) throw new Error(`told of: ${left}; there are: ${right}`);
}

/** What the server did not see the end of is said to have been cut off by its end. */
function areSettled({ run }: Stage): void {
  for (const id of run.journal.threadIds()) {
    if (run.journal.threadState(id)?.lineage?.kind !== 'subagent') continue;
    for (const turn of run.journal.turns(id, {})) {
      if (turn.endedAt === null) throw new Error(`turn ${turn.turnId} of ${id} does not end`);
      const isCut = turn.status === 'interrupted' && turn.reason === 'server-restarted';
      if (turn.status !== 'completed' && !isCut)
        throw new Error(`turn ${turn.turnId} of ${id} is ${turn.status}, ${turn.reason}`);
    }
  }
}

const holds = (stage: Stage): void => {
  areFamily(stage);
  areSettled(stage);
};

export const AGENTS: readonly Scenario[] = [
  {
    name: 'sub-agents at work, nested, asking and at their end',
    holds,
    steps: [
      create('t1'),
      submit('t1', 'look wait'),
      starts(ONE),
      says(ONE, 'found'),
      starts('two'),
      asks('two'),
      starts('three'),
      says('three', 'deep'),
      finishes('three'),
      settles('three'),
      answers('two'),
      asks(ONE),
    ],
  },
  {
    name: 'a sub-agent that goes on after the turn of its parent, and takes a prompt',
    holds,
    steps: [
      create('t1'),
      submit('t1', 'look wait'),
      starts(ONE),
      asks(ONE),
      parentEnds,
      answers(ONE),
      says(ONE, 'found'),
      finishes(ONE),
      settles(ONE),
      submit('t1', 'and then'),
      ask('t1', 'thread.stop'),
    ],
  },
];
