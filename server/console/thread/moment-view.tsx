/** A thread as it was at a moment: everything that the page shows of it now, to look at only. */
import type { Moment } from '../state/moment.ts';
import { DetailsPanel } from './details-panel.tsx';
import { QueueView } from './queue-view.tsx';
import { RequestsView } from './requests-view.tsx';
import { Transcript } from './transcript.tsx';

/** `momentOfSnapshot` makes one of what `getThreadStateAt` answers. */
export const MomentView = ({ moment }: { readonly moment: Moment }) => (
  <div class="chat">
    <div class="chat-main">
      <Transcript moment={moment} actions={null} />
      <div class="dock">
        <RequestsView moment={moment} actions={null} />
        <QueueView moment={moment} actions={null} />
      </div>
    </div>
    <DetailsPanel moment={moment} />
  </div>
);
