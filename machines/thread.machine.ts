import { sendTo, setup } from 'xstate';
import { by, DATA_ACTIONS } from './act.ts';
import { connectionMachine } from './connection.machine.ts';
import { connectionInputOf, contextOf, turnInputOf } from './thread-context.ts';
import type { ForConnection, ForTurn, ThreadTypes } from './thread-events.ts';
import { threadGuards } from './thread-guards.ts';
import { threadMoves } from './thread-moves.ts';
import * as pass from './thread-passing.ts';
import { told } from './thread-tasks.ts';
import { turnMachine } from './turn.machine.ts';

/**
 * One conversation with one workspace. The six words that clients see as `status` are tags of its leaves. `bound` invokes
 * the connection, and `working` in it the turn; it is left only through the turn's end, where alone the terminal fact of a
 * turn is stated. A child that throws makes the thread throw: the input changes nothing then, in both drivers.
 */
export const threadMachine = setup({
  types: {} as ThreadTypes,
  actors: { connection: connectionMachine, turn: turnMachine },
  actions: {
    ...DATA_ACTIONS,
    toConnection: sendTo('connection', (_, event: ForConnection) => event),
    toTurn: sendTo('turn', (_, event: ForTurn) => event),
    ...threadMoves,
  },
  guards: threadGuards,
}).createMachine({
  id: 'thread',
  options: { maxIterations: 1000 },
  context: ({ input }) => contextOf(input),
  initial: 'unbound',
  entry: 'sayCreated',
  on: {
    'thread.fork': { actions: by('fork') },
    ...pass.OF_TASKS,
    'thread.mergeBack': { guard: by('hasNews'), actions: by('mergeBack') },
    ...pass.OF_SETTINGS,
    'thread.unarchive': [{ guard: 'isArchived', actions: 'unarchive' }, { actions: by('sayNoEffect') }],
    'turn.interrupt': { guard: by('isNone'), actions: by('sayNoEffect') },
    'queue.edit': { guard: by('hasEntry'), actions: by('editEntry') },
    'queue.reorder': { guard: by('hasBoth'), actions: by('reorderEntry') },
    'queue.cancel': { guard: by('hasEntry'), actions: by('cancelEntry') },
    'queue.resume': [
      { guard: 'canRelease', actions: 'releaseQueue' },
      { guard: 'hasNothingHeld', actions: by('sayNoEffect') },
    ],
    'transfer.built': { guard: by('isMissing'), actions: by('noteBuilt') },
    'transfer.failed': { guard: by('isMissing'), actions: by('noteFailed') },
    'runtime.clockJumped': { actions: by('sayClockJumped') },
    'runtime.warned': { actions: by('sayWarned') },
    'plan.implemented': { guard: by('isFirst'), actions: by('sayImplemented') },
    ...pass.OF_CAPTURES,
    'runtime.recovered': { guard: 'hasErrands', actions: 'captureAgain' },
  },
  states: {
    unbound: {
      description: 'No provider process stands behind the thread; the next prompt opens a connection.',
      tags: 'settled',
      initial: 'ready',
      always: [
        { guard: 'isToBeDeleted', target: 'deleted' },
        { guard: 'hasAdoption', target: 'bound', actions: 'adopt' },
        { guard: 'hasSwitch', actions: 'switchProvider' },
        { guard: 'mustPrepare', target: 'preparing' },
        { guard: 'canDrain', target: 'bound.working', actions: 'beginQueued' },
      ],
      on: {
        'turn.submit': [
          { guard: by('canBeNext'), actions: by('enqueueNext') },
          { guard: by('canBegin'), target: 'bound.working', actions: by('begin') },
          { guard: by('canWait'), actions: by('enqueue') },
        ],
        'turn.retry': { guard: 'canRetry', target: 'bound.working', actions: by('retry') },
        'thread.compact': { guard: 'isPrepared', target: 'bound.working', actions: by('compact') },
        'thread.stop': { target: '.stopped', actions: 'holdStopped' },
        'thread.archive': [{ guard: 'isNotArchived', actions: 'archive' }, { actions: by('sayNoEffect') }],
        'transfer.offered': { actions: by('noteOffer') },
        'connection.adopted': { guard: by('isSubagent'), actions: by('noteAdoption') },
        'thread.switchProvider': { actions: by('noteSwitch') },
        'thread.delete': { target: 'deleted', actions: 'sayDeleting' },
        'checkpoint.rollback': { guard: 'canRollBack', target: 'restoring', actions: by('beginRollback') },
        'runtime.recovered': { guard: 'isBuilding', actions: 'askAgain' },
      },
      states: {
        ready: { description: 'New, or its last turn completed.', tags: 'ready', ...told(null) },
        interrupted: { description: 'Its turn was cut off.', tags: 'interrupted', ...told('interrupted') },
        stopped: {
          description: 'Stopped by a person, or found without a provider after a restart.',
          tags: 'stopped',
          ...told('stopped'),
          on: { 'thread.stop': { actions: by('sayNoEffect') } },
        },
        error: { description: 'Its turn or its connection failed.', tags: 'error', ...told('failed') },
      },
    },
    preparing: {
      description: 'The working tree is being made and set up; prompts wait for it.',
      tags: 'ready',
      entry: 'prepare',
      on: {
        'turn.submit': [
          { guard: by('canBeNext'), actions: by('enqueueNext') },
          { guard: by('canWait'), actions: by('enqueue') },
        ],
        'worktree.made': { guard: by('isOfThisTry'), target: 'unbound', actions: by('noteMade') },
        'worktree.failed': { guard: by('isOfThisTry'), target: 'unbound.error', actions: by('noteUnmade') },
        'worktree.timedOut': { target: 'unbound.error', actions: 'giveUpPreparing' },
        'transfer.offered': { actions: by('noteOffer') },
        'provider.itemStarted': { guard: by('isMine'), actions: by('recordStart') },
        'provider.itemCompleted': { guard: by('isMine'), actions: by('recordEnd') },
        'runtime.recovered': { target: 'preparing', reenter: true, actions: 'askAgain' },
        'thread.stop': { target: 'unbound.stopped', actions: ['holdStopped', 'stopPreparing'] },
        'thread.delete': { target: 'deleted', actions: ['sayDeleting', 'stopPreparing'] },
      },
    },
    bound: {
      description: 'A connection actor stands for a provider process or socket.',
      initial: 'idle',
      entry: 'bind',
      invoke: { id: 'connection', src: 'connection', input: ({ context }) => connectionInputOf(context) },
      on: {
        ...pass.PASSED_TO_CONNECTION,
        'connection.opened': { guard: by('isOtherConversation'), actions: by('toConnection') },
        'connection.delayed': { guard: by('isMine'), actions: [by('toConnection'), 'sayDelayed'] },
        'provider.turnEnded': { guard: by('isSide'), actions: by('endSideTurn') },
        'provider.itemStarted': { guard: by('isMine'), actions: by('recordStart') },
        'provider.itemUpdated': { guard: by('isMine'), actions: by('recordUpdate') },
        'provider.itemCompleted': { guard: by('isMine'), actions: by('recordEnd') },
        'provider.agentStarted': { guard: by('isOfLiveLink'), actions: by('startAgent') },
        'provider.foldingChanged': { guard: by('isOfLiveLink'), actions: by('noteFolding') },
        'provider.usageReported': { guard: by('isMyUsage'), actions: by('recordUsage') },
        'provider.planReported': { guard: by('isMine'), actions: by('recordPlan') },
        'runtime.recovered': { actions: ['holdForRestart', 'captureAgain', 'restartConnection', 'askAgain'] },
        $opened: { actions: by('noteOpened') },
        $closing: { actions: by('noteClosing') },
        $kept: { actions: by('noteKept') },
        $forgotten: { actions: by('fallBack') },
        'transfer.offered': { actions: by('noteOffer') },
        'xstate.done.actor.connection': [
          { guard: 'isRollingBack', target: 'restoring', actions: by('noteGone') },
          { guard: by('isStopped'), target: 'unbound.stopped', actions: by('noteGone') },
          { target: 'unbound.error', actions: by('noteGone') },
        ],
      },
      states: {
        idle: {
          description: 'No turn runs.',
          tags: 'settled',
          initial: 'ready',
          always: [
            { guard: 'hasSideTurn', target: 'working.running', actions: 'adoptSideTurn' },
            { guard: 'canDrain', target: 'working', actions: 'beginQueued' },
            { guard: 'mustWait', actions: 'holdForBackground' },
            { guard: 'mustReopen', actions: 'closeToReopen' },
          ],
          on: {
            'turn.submit': [
              { guard: by('canBeNext'), actions: by('enqueueNext') },
              { guard: by('canBegin'), target: 'working', actions: by('begin') },
              { guard: by('canWait'), actions: by('enqueue') },
            ],
            'turn.retry': [
              { guard: 'canRetryNext', actions: by('retryNext') },
              { guard: 'canRetry', target: 'working', actions: by('retry') },
            ],
            'thread.compact': { guard: 'isStaying', target: 'working', actions: by('compact') },
            'provider.turnStarted': [
              { guard: by('isNew'), target: 'working.running', actions: by('beginOfProvider') },
            ],
            'connection.idled': { actions: by('toConnection') },
            'connection.adopted': { guard: by('isSubagent'), actions: [by('noteAdoption'), 'giveWay'] },
            'thread.stop': { actions: ['holdStopped', 'closeToStop'] },
            'thread.archive': [
              { guard: 'isNotArchived', actions: ['archive', 'closeToArchive'] },
              { actions: by('sayNoEffect') },
            ],
            'thread.switchProvider': { actions: [by('noteSwitch'), 'closeToSwitch'] },
            'thread.delete': { actions: ['sayDeleting', 'closeToDelete'] },
            'checkpoint.rollback': { guard: 'canRollBack', actions: by('beginRollback') },
          },
          states: {
            ready: {
              description: 'New, or its last turn completed.',
              tags: 'ready',
              entry: 'clearError',
              ...told(null),
              on: {
                'xstate.done.actor.connection': [
                  { guard: by('isQuiet'), target: '#thread.unbound.ready', actions: by('noteGone') },
                ],
              },
            },
            interrupted: {
              description: 'The last turn was interrupted.',
              tags: 'interrupted',
              ...told('interrupted'),
              on: {
                'xstate.done.actor.connection': [
                  { guard: by('isQuiet'), target: '#thread.unbound.interrupted', actions: by('noteGone') },
                ],
              },
            },
            error: { description: 'The last turn failed.', tags: 'error', ...told('failed') },
          },
        },
        working: {
          description: 'A turn actor has the word until its end.',
          tags: 'busy',
          initial: 'starting',
          entry: ['askForTransfers', 'boundHandOver'],
          invoke: { id: 'turn', src: 'turn', input: ({ context }) => turnInputOf(context) },
          on: {
            ...pass.PASSED_TO_TURN,
            'turn.submit': [
              { guard: by('isQueue'), actions: by('enqueue') },
              { guard: by('isSteer'), actions: by('steerTurn') },
              { guard: by('isRestart'), actions: [by('enqueueNext'), 'restartTurn'] },
            ],
            'task.delegate': { guard: 'canDelegate', actions: by('delegate') },
            'queue.promote': { guard: by('hasEntry'), actions: by('promoteEntry') },
            'turn.interrupt': { guard: by('isActiveOrAny'), actions: ['holdInterrupted', 'interruptTurn'] },
            'thread.stop': { actions: ['holdStopped', 'stopTurn', 'closeToStop'] },
            'thread.delete': { actions: ['sayDeleting', 'stopTurn', 'closeToDelete'] },
            'provider.turnAccepted': [
              { guard: by('namesSideTurn'), actions: by('absorb') },
              { guard: by('isActive'), actions: by('toTurn') },
            ],
            'provider.turnStarted': [
              { guard: by('isNewBeside'), actions: [by('beginSideTurn'), 'pauseStart'] },
              { guard: by('isActive'), actions: by('toTurn') },
            ],
            'provider.turnEnded': [
              { guard: by('isSide'), actions: [by('endSideTurn'), 'resumeStart'] },
              { guard: by('isActive'), actions: by('toTurn') },
            ],
            'provider.becameInactive': [
              { guard: by('isMine'), actions: ['endSideTurns', 'resumeStart', by('toTurn')] },
            ],
            'provider.turnLookedUp': { guard: by('isActive'), actions: [by('forgetSession'), by('toTurn')] },
            'transfer.built': { guard: by('isMissing'), actions: [by('noteBuilt'), 'tellOnline'] },
            'transfer.failed': { guard: by('isMissing'), actions: [by('noteFailed'), 'tellOnline'] },
            'handOver.timedOut': { guard: by('isActive'), actions: ['giveUpTransfers', 'tellOnline'] },
            'runtime.recovered': { guard: 'isGone', actions: ['captureAgain', 'loseAgain'] },
            $opened: { actions: [by('noteOpened'), 'tellOnline', 'pauseStart'] },
            $accepted: { actions: ['confirmSession', by('consumeTransfers'), 'tellOfPlan'] },
            $started: {
              target: '.running',
              actions: ['confirmSession', by('consumeTransfers'), 'tellOfPlan'],
            },
            $steered: { actions: by('recordSteer') },
            $reattempted: { actions: [by('recordSteers'), 'pauseStart'] },
            $unsteered: { actions: by('returnSteer') },
            $left: { actions: by('leaveRequests') },
            'xstate.done.actor.connection': { actions: by('noteLostTurn') },
            'xstate.done.actor.turn': [
              { guard: 'isGoneToStop', target: '#thread.unbound.stopped', actions: by('endTurn') },
              { guard: by('isCutOff'), target: '#thread.unbound.interrupted', actions: by('endTurn') },
              { guard: by('isLetGo'), target: '#thread.unbound.ready', actions: by('endTurn') },
              { guard: 'isGone', target: '#thread.unbound.error', actions: by('endTurn') },
              {
                guard: by('isInterrupted'),
                target: 'idle.interrupted',
                actions: [by('endTurn'), by('distrust')],
              },
              { guard: by('isFailed'), target: 'idle.error', actions: [by('endTurn'), by('distrust')] },
              { target: 'idle.ready', actions: by('endTurn') },
            ],
          },
          states: {
            starting: { description: 'The provider has not begun the turn.', tags: 'starting' },
            running: { description: 'The provider works on the turn.', tags: 'running' },
          },
        },
      },
    },
    restoring: {
      description: 'Files are put back; nothing of the rollback is said before that is done. Prompts wait.',
      tags: ['ready', 'restoring'],
      entry: 'askRestore',
      on: {
        'checkpoint.restored': [
          { guard: by('isStoppedRollback'), target: 'unbound.stopped', actions: by('endRollback') },
          { guard: by('isGoodRollback'), target: 'unbound.ready', actions: by('endRollback') },
          { guard: by('isOfRollback'), target: 'unbound.error', actions: by('endRollback') },
        ],
        'restore.timedOut': { guard: by('isOfRollback'), target: 'unbound.error', actions: 'dropRollback' },
        'transfer.offered': { actions: by('noteOffer') },
        'turn.submit': { guard: by('canBeHeld'), actions: by('enqueueAny') },
        'thread.stop': { actions: ['holdStopped', 'stopAfterwards'] },
        'thread.delete': { target: 'deleted', actions: 'sayDeleting' },
      },
    },
    deleted: {
      description: 'A tombstone: the id is never used again.',
      tags: ['stopped', 'deleted'],
      entry: 'sayDeleted',
    },
  },
});
