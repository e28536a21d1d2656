/** What codex is answered where no person is asked, so that it goes on. */

type Refuse = (nowMs: number) => object;

const decline: Refuse = () => ({ decision: 'decline' });
const deny: Refuse = () => ({ decision: { denied: { rejection: 'nobody can be asked' } } });

const BY_METHOD: Readonly<Record<string, Refuse>> = {
  'item/commandExecution/requestApproval': decline,
  'item/fileChange/requestApproval': decline,
  'item/tool/requestUserInput': () => ({ answers: {} }),
  'mcpServer/elicitation/request': () => ({ action: 'decline', content: null, _meta: null }),
  'item/permissions/requestApproval': () => ({ permissions: {}, scope: 'turn' }),
  // tools are registered by a client when it starts the thread; the item of the call shows what became of it
  'item/tool/call': () => ({
    success: false,
    contentItems: [{ type: 'inputText', text: 'this tool is not available here' }],
  }),
  // the forms of before 0.169
  execCommandApproval: deny,
  applyPatchApproval: deny,
  'currentTime/read': (nowMs) => ({ currentTimeAt: Math.floor(nowMs / 1000) }),
};

/** By method. What is not here is answered with an error: tokens and attestations that are none of ours. */
export const REFUSALS: ReadonlyMap<string, Refuse> = new Map(Object.entries(BY_METHOD));

/** Answered in full: nobody has to hear of them. */
export const SILENT: ReadonlySet<string> = new Set(['item/tool/call', 'currentTime/read']);
