import type { Scenario } from './schedule.ts';

const submit = (text: string, mode = 'start') => ({ type: 'turn.submit', text, mode });
const INTERRUPT = { type: 'turn.interrupt' };
const respond = (decision: string) => ({ type: 'request.respond', requestId: 'open', decision });

/** Short ones: each is run in every order. */
export const SCENARIOS: readonly Scenario[] = [
  { name: 'a prompt is interrupted', clients: [[submit('hi'), INTERRUPT]] },
  {
    name: 'two clients steer',
    before: [submit('wait')],
    clients: [[submit('x', 'steer')], [submit('y', 'steer')]],
  },
  {
    name: 'a steer meets an interrupt',
    before: [submit('wait')],
    clients: [[submit('x', 'steer')], [INTERRUPT]],
  },
  {
    name: 'an approval is answered and the turn interrupted',
    before: [submit('ask')],
    clients: [[respond('accept')], [INTERRUPT]],
  },
  {
    name: 'two clients answer one approval',
    before: [submit('ask')],
    clients: [[respond('accept')], [respond('decline')]],
  },
  {
    name: 'a stop meets a queued prompt',
    before: [submit('wait')],
    clients: [[{ type: 'thread.stop' }], [submit('x', 'queue')]],
  },
  { name: 'a restart meets the end of the turn', clients: [[submit('hi'), submit('x', 'restart')]] },
  { name: 'an archive meets the end of the turn', clients: [[submit('x'), { type: 'thread.archive' }]] },
  { name: 'a thread is deleted as it starts', clients: [[submit('x'), { type: 'thread.delete' }]] },
  {
    name: 'a failed turn is tried again while another prompt comes',
    before: [submit('fail')],
    clients: [[{ type: 'turn.retry' }], [submit('x')]],
  },
  {
    name: 'a prompt is folded into a turn of the provider',
    clients: [[submit('absorb'), submit('x', 'queue')]],
  },
];
