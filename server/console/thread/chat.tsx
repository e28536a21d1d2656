/** The conversation, what waits for an answer, and the field for the next prompt. */
import type { ConsoleStore } from '../state/console-store.ts';
import type { Moment } from '../state/moment.ts';
import { FailureNote } from '../ui/failure-note.tsx';
import type { ThreadActions } from './actions.ts';
import { Composer } from './composer.tsx';
import { DetailsPanel } from './details-panel.tsx';
import { QueueView } from './queue-view.tsx';
import { RequestsView } from './requests-view.tsx';
import { Transcript } from './transcript.tsx';
import { Trouble } from './trouble.tsx';
import { WhyLine } from './why-line.tsx';

export interface ChatProps {
  readonly store: ConsoleStore;
  readonly moment: Moment;
  readonly actions: ThreadActions;
}

export function Chat({ store, moment, actions }: ChatProps) {
  const failure = actions.failure.value;
  return (
    <div class="chat">
      <div class="chat-main">
        <Transcript moment={moment} actions={actions} />
        <div class="dock">
          <RequestsView moment={moment} actions={actions} />
          <Trouble moment={moment} actions={actions} />
          <WhyLine
            moment={moment}
            instance={store.instances.value.get(moment.thread.instanceId) ?? null}
            actions={actions}
          />
          <QueueView moment={moment} actions={actions} />
          {failure !== null && (
            <FailureNote failure={failure} onDismiss={() => (actions.failure.value = null)} />
          )}
          <Composer store={store} moment={moment} actions={actions} />
        </div>
      </div>
      <DetailsPanel moment={moment} isOpen={actions.hasDetails.value} />
    </div>
  );
}
