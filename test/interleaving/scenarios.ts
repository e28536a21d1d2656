import type { Scenario } from './schedule.ts';

const submit = (text: string, mode = 'start') => ({ type: 'turn.submit', text, mode });
const INTERRUPT = { type: 'turn.interrupt' };
const respond = (decision: string) => ({ type: 'request.respond', requestId: 'open', decision });

/** Short ones: each is run in every order. A prompt that is `mute` has no message, so that the ends are met sooner. */
export const SCENARIOS: readonly Scenario[] = [
  {
    name: 'a prompt is interrupted',
    fewestOrders: { undisturbed: 90, disturbed: 14_000 },
    clients: [[submit('mute'), INTERRUPT]],
  },
  {
    name: 'two clients steer',
    fewestOrders: { undisturbed: 200, disturbed: 30_000 },
    before: [submit('wait')],
    clients: [[submit('mute', 'steer')], [submit('mute', 'steer')]],
  },
  {
    name: 'a steer meets an interrupt',
    fewestOrders: { undisturbed: 40, disturbed: 3_000 },
    before: [submit('wait')],
    clients: [[submit('mute', 'steer')], [INTERRUPT]],
  },
  {
    name: 'an approval is answered and the turn interrupted',
    fewestOrders: { undisturbed: 40, disturbed: 3_000 },
    before: [submit('ask')],
    clients: [[respond('accept')], [INTERRUPT]],
  },
  {
    name: 'two clients answer one approval',
    fewestOrders: { undisturbed: 40, disturbed: 2_500 },
    before: [submit('ask')],
    clients: [[respond('accept')], [respond('decline')]],
  },
  {
    name: 'a stop meets a queued prompt',
    fewestOrders: { undisturbed: 30, disturbed: 3_000 },
    before: [submit('wait')],
    clients: [[{ type: 'thread.stop' }], [submit('mute', 'queue')]],
  },
  {
    name: 'a restart meets the end of the turn',
    fewestOrders: { undisturbed: 350, disturbed: 60_000 },
    clients: [[submit('mute'), submit('mute', 'restart')]],
  },
  {
    name: 'an archive meets the end of the turn',
    fewestOrders: { undisturbed: 700, disturbed: 1_200_000 },
    clients: [[submit('x'), { type: 'thread.archive' }]],
  },
  {
    name: 'a thread is deleted as it starts',
    fewestOrders: { undisturbed: 90, disturbed: 16_000 },
    clients: [[submit('mute'), { type: 'thread.delete' }]],
  },
  {
    name: 'a failed turn is tried again while another prompt comes',
    fewestOrders: { undisturbed: 110, disturbed: 22_000 },
    before: [submit('fail')],
    clients: [[{ type: 'turn.retry' }], [submit('mute')]],
  },
  {
    name: 'a prompt is folded into a turn of the provider',
    fewestOrders: { undisturbed: 150, disturbed: 30_000 },
    clients: [[submit('absorb mute'), submit('mute', 'queue')]],
  },
];

export function named(name: string): Scenario {
  const scenario = SCENARIOS.find((each) => each.name === name);
  if (scenario === undefined) throw new Error(`there is no scenario ${name}`);
  return scenario;
}

/** The same with a message in every turn: there are many more orders. */
export const LONGER: readonly Scenario[] = SCENARIOS.map((scenario) => {
  const more = (command: Record<string, unknown>) =>
    'text' in command ? { ...command, text: String(command['text']).replace('mute', 'hi') } : command;
  return { ...scenario, clients: scenario.clients.map((commands) => commands.map(more)) };
});
