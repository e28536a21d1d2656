const REASONS: Readonly<Record<string, string>> = {
  'session.updated': 'its tokens are those of its messages; titles are ours',
  'session.created': 'the answer to our own request has said it; sub-agents are told by their tasks',
  'session.deleted': 'nothing is deleted at opencode',
  'session.diff': 'the whole difference of the session, repeated; file changes are items',
  'session.compacted': 'the end of the summary has said it',
  'message.removed': 'comes of a revert, which is asked for',
  'message.part.removed': 'comes of a revert, which is asked for',
  'command.executed': 'the prompt that it becomes is told',
};

const REASONS_OF_PROCESS: Readonly<Record<string, string>> = {
  ...REASONS,
  'server.connected': 'the first word of the stream',
  'server.heartbeat': 'says nothing but that the stream lives',
  'server.instance.disposed': 'of a folder that nobody works in any more',
  'global.disposed': 'the end of the process is told',
  'project.updated': 'projects are not used',
  'project.directories.updated': 'projects are not used',
  'plugin.added': 'comes at the start of each folder, dozens of times',
  'catalog.updated': 'the models were asked for at the start',
  'models-dev.refreshed': 'the models were asked for at the start',
  'integration.updated': 'integrations are not used',
  'integration.connection.updated': 'integrations are not used',
  'reference.updated': 'references are not used',
  'installation.updated': 'updates are the business of whoever installed it',
  'installation.update-available': 'updates are the business of whoever installed it',
  'file.edited': 'file changes are items; it names no session',
  'file.watcher.updated': 'file changes are items; it names no session',
  'vcs.branch.updated': 'branches are not shown',
  'lsp.updated': 'language servers are not shown',
  'lsp.client.diagnostics': 'language servers are not shown',
  'mcp.tools.changed': 'the next turn has the new tools',
  'pty.created': 'terminals are not used',
  'pty.updated': 'terminals are not used',
  'pty.exited': 'terminals are not used',
  'pty.deleted': 'terminals are not used',
  'workspace.ready': 'workspaces are not used',
  'workspace.failed': 'workspaces are not used',
  'workspace.status': 'workspaces are not used',
  'worktree.ready': 'worktrees are not used',
  'worktree.failed': 'worktrees are not used',
};

/**
 * Events about a session that yield nothing, with the reason. What is neither here nor translated is shown as
 * unrecognized. `session.next.*`, `permission.v2.*` and `question.v2.*` repeat others in a form that 1.18.33 does not finish.
 */
export const IGNORED: ReadonlyMap<string, string> = new Map(Object.entries(REASONS));

/** Events about the server, or about sessions that are not ours, that yield nothing, with the reason. */
export const IGNORED_OF_PROCESS: ReadonlyMap<string, string> = new Map(Object.entries(REASONS_OF_PROCESS));

const UNFINISHED = /^(?:session\.next|permission\.v2|question\.v2|tui)\./;
export const isUnfinished = (type: string): boolean => UNFINISHED.test(type);
