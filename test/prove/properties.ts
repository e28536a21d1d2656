/** What is proved, each with the rules of the exploration that carry it. */
export interface Property {
  readonly name: string;
  readonly sentence: string;
  /** Keys of the truths in `test/model`; each is checked in every state or on every edge. */
  readonly rules: readonly string[];
}

export const PROPERTIES: readonly Property[] = [
  {
    name: 'no stuck state',
    sentence:
      'From every reachable state, with the provider and all users silent, timers alone lead to rest: settled, or waiting for a person who can answer.',
    rules: ['timers alone lead to rest', 'no armed timer fires in vain'],
  },
  {
    name: 'active turn',
    sentence: 'A thread has an active turn in `starting` and `running`, and in no other status.',
    rules: [
      'one status word',
      'an active turn iff starting or running',
      'the turn actor is of the active turn',
      'a turn that goes on has begun',
    ],
  },
  {
    name: 'live behind running',
    sentence:
      'Where a turn runs, a turn actor and a connection actor live, and the thread knows their state.',
    rules: [
      'a turn actor iff busy',
      'a live connection iff bound, or the thread ends its turn',
      'the link mirrors the connection',
    ],
  },
  {
    name: 'one end',
    sentence: 'A turn begins once and has exactly one terminal fact.',
    rules: [
      'exactly one terminal fact for each turn',
      'a turn begins once',
      'what comes back to the queue will be another turn',
    ],
  },
  {
    name: 'only the active turn settles',
    sentence: 'A thread comes to rest by the end of its active turn and by nothing else.',
    rules: [
      'only the end of the active turn settles the thread',
      'a turn ends by its own word',
      'a side turn becomes active where none is',
    ],
  },
  {
    name: 'failed stays failed',
    sentence: 'A turn whose failure is known ends as failed, whatever comes after.',
    rules: ['a failed turn stays failed'],
  },
  {
    name: 'requests end with their owner',
    sentence: 'No request is open after the end of the turn, task or connection that it belongs to.',
    rules: ['no request is open after the end of its owner', 'what has ended asks nothing any more'],
  },
  {
    name: 'accepted or refused',
    sentence:
      'An accepted command changes state or is recorded; a refused one has a code and changes nothing (states are frozen while they are asked).',
    rules: ['an accepted command says something', 'a refusal has a code of its own'],
  },
  {
    name: 'a process behind a connection',
    sentence:
      'A bound thread has asked for its process, gives up none without killing it, and never reuses one that did not answer.',
    rules: [
      'a new connection asks for its process',
      'a connection ends by the word of its provider, or is killed',
      'a connection that did not answer is not used again',
      'a prompt goes to an open connection only',
      'no side turn without a connection',
    ],
  },
  {
    name: 'timers belong',
    sentence: 'A timer is armed only while its owner waits, and for its attempt.',
    rules: [
      'no turn timer when settled',
      'no timer but of the workspace when unbound',
      'a capture has a deadline',
      'a timer of the working tree iff it is being made',
      'a turn timer is of this turn and attempt',
      'a settled thread keeps no prompt of its own',
    ],
  },
  {
    name: 'the working tree first',
    sentence:
      'A thread that is to have a working tree of its own is making it, waits for a prompt to try again, or works in it.',
    rules: ['bound only with its working tree', 'its working tree is being made iff the thread prepares'],
  },
  {
    name: 'always addressable',
    sentence: 'In every state but archived and deleted a prompt is taken at once, to start or to wait.',
    rules: ['a prompt is taken at once', 'an empty queue is not held'],
  },
  {
    name: 'the queue moves',
    sentence: 'What flows starts as soon as it may; what is held says so; an archived thread starts nothing.',
    rules: ['what flows in a settled thread waits for a close only', 'an archived thread holds its queue'],
  },
  {
    name: 'recovery',
    sentence:
      'A crash in any state, found by the next run, leaves the thread settled, looking up its prompt within a bound, or on with its queue; nothing is sent twice.',
    rules: [
      'a recovery leaves the thread settled, looking up its prompt, or on with its queue',
      'a recovery sends nothing by itself',
    ],
  },
  {
    name: 'a crash loses nothing',
    sentence:
      'What the journal keeps of a state is all of it, through JSON and back: charts, children and timers.',
    rules: ['a stored state is restored as it was', 'what is remembered is plain JSON'],
  },
  {
    name: 'a failed commit is undone',
    sentence:
      'Charts that are rebuilt from the journal do the same with the same input, so a commit that failed can be tried again as if it had never been.',
    rules: ['the same input does the same after a failed commit'],
  },
  {
    name: 'a failed input changes nothing',
    sentence:
      'An input that throws in any actor fails as a whole, and the state before it stands; no catalogued input throws.',
    rules: ['an input that throws is not taken', 'no catalogued input throws'],
  },
  {
    name: 'facts are the state',
    sentence: 'The fold of the journal’s facts is what the live charts show.',
    rules: [
      'the row is the fold of the facts',
      'the queue is the fold of its facts',
      'the status is stated when it changes',
    ],
  },
  {
    name: 'deleted is final',
    sentence: 'A delete is carried out, and nothing comes after it.',
    rules: ['a delete is carried out', 'a deleted thread stays deleted'],
  },
];
