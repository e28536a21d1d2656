const REASONS: Readonly<Record<string, string>> = {
  'thread/started': 'the answer to our own request has said it; sub-agents have none',
  'thread/status/changed': 'turns and requests say it themselves; `notLoaded` is read by the routing',
  'thread/closed': 'read by the routing',
  'thread/readState/changed': 'a receipt of reading, for a list of threads that is not ours',
  'thread/goal/cleared': 'comes after every resume',
  'thread/goal/updated': 'the turns that a goal begins are told as turns',
  'thread/queue/changed': 'the queue of codex is not used; a turn from it is told as a turn',
  'thread/settings/updated': 'compared with what the prompt asked for; only a difference is told',
  'thread/name/updated': 'titles are ours',
  'thread/section/changed': 'sections are not used',
  'thread/attachment/updated': 'attached threads are not used',
  'thread/project/updated': 'projects are not used',
  'thread/prediction/updated': 'predictions of the next prompt are not used',
  'thread/environment/connected': 'only the local environment is used',
  'thread/environment/disconnected': 'only the local environment is used',
  'thread/compacted': 'the old form of the contextCompaction item',
  'turn/diff/updated': 'the whole diff of the turn, repeated at each response; file changes are items',
  'turn/moderationMetadata': 'for clients that show moderation',
  'model/verification': 'a check of the account that asks nothing of us',
  'model/safetyBuffering/updated': 'a hint for showing text later',
  'modelProvider/authRecoveryCompleted': 'its start has been told; the turn goes on',
  'item/commandExecution/terminalInteraction': 'what was typed shows in the output of the command',
  'item/fileChange/outputDelta': 'the status of the file change says how it went',
  'item/autoApprovalReview/started': 'its end is told',
  'autoApprovalReview/strictReviewRequired': 'the reviews that follow are told',
  'hook/started': 'its end is told when it is no success',
  'rawResponseItem/completed': 'the raw form of an item, only on demand',
  'rawResponse/completed': 'the raw form of a response, only on demand',
};

const REASONS_OF_PROCESS: Readonly<Record<string, string>> = {
  'thread/started': 'broadcast for threads of other connections too',
  'thread/status/changed': 'of a thread that has been let go, or not been told of yet',
  'thread/archived': 'broadcast; archives are ours',
  'thread/unarchived': 'broadcast; archives are ours',
  'thread/deleted': 'broadcast; nothing is deleted at codex',
  'thread/closed': 'of a thread that has been let go',
  'remoteControl/status/changed': 'remote control is not used',
  'app/list/updated': 'apps are not used',
  'project/changed': 'projects are not used',
  'account/gatewayOAuth/changed': 'gateways are not used',
  'mcpServer/startupStatus/updated': 'of a server without a thread',
  'mcpServer/oauthLogin/completed': 'logins of MCP servers are not started from here',
};

/**
 * Notifications about a thread that yield nothing, with the reason. What is neither here nor translated is shown as
 * unrecognized.
 */
export const IGNORED: ReadonlyMap<string, string> = new Map(Object.entries(REASONS));

/** Notifications about the process, its account or unknown threads that yield nothing, with the reason. */
export const IGNORED_OF_PROCESS: ReadonlyMap<string, string> = new Map(Object.entries(REASONS_OF_PROCESS));
