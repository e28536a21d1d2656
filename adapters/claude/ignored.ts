const REASONS: Readonly<Record<string, string>> = {
  'system/init': 'begins a turn; read by the routing',
  'system/session_state_changed': 'turns and requests say it themselves',
  'system/thinking_tokens': 'an estimate beside the reasoning itself',
  'system/task_progress': 'a heartbeat of a task',
  'system/permission_denied': 'the result of the call says it',
  'system/hook_started': 'hooks are not asked for',
  'system/hook_progress': 'hooks are not asked for',
  'system/hook_response': 'hooks are not asked for',
  'system/files_persisted': 'for hosts that upload files',
  'system/memory_recall': 'what claude remembers shows in what it says',
  'system/mirror_error': 'sessions are not mirrored',
  'system/plugin_install': 'plugins are the business of claude',
  'system/elicitation_complete': 'an elicitation is answered by its request',
  'system/control_request_progress': 'a heartbeat of a request',
  'system/worker_shutting_down': 'the end of the process says it',
  'system/session_title_changed': 'titles are ours',
  'system/commands_changed': 'read by the routing',
  'system/bridge_state': 'remote control is not used',
  tool_progress: 'a heartbeat of a call',
  tool_use_summary: 'the calls themselves are shown',
  prompt_suggestion: 'suggestions are not used',
  auth_status: 'the probe of the instance tells of the login',
  keep_alive: 'a heartbeat',
  active_goal: 'the turns that a goal begins are told as turns',
};

/** Frames that yield nothing, with the reason. What is neither here nor read is shown as unrecognized. */
export const IGNORED: ReadonlyMap<string, string> = new Map(Object.entries(REASONS));
