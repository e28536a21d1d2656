const REDACTED = '[redacted]';
const WORD = '(?:authorization|api[_-]?key|token|secret|passw(?:or)?d|credential|cookie|private[_-]?key)';
/** The name of a field, a variable or a parameter that holds a secret; bounded, so that matching stays linear. */
const NAME = `[\\w.-]{0,64}${WORD}[\\w.-]{0,64}`;

/** What to put in place of what; `$1` is kept. None of them takes a quote or a backslash, so JSON stays JSON. */
const RULES: readonly (readonly [RegExp, string])[] = [
  // Whatever it stands in: private keys, `Bearer …`, the providers' own forms, JSON web tokens.
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----[^"]*/g, REDACTED],
  [/\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]+/gi, `$1 ${REDACTED}`],
  [/\b(?:sk-|gh[pousr]_|github_pat_|glpat-|xox[abeprs]-|npm_)[A-Za-z0-9_-]{8,}/g, REDACTED],
  [/\b(?:AKIA|ASIA)[A-Z0-9]{16}\b/g, REDACTED],
  [/\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*/g, REDACTED],
  // "api_key": "…" and the same in JSON in a string; { "name": "API_KEY", "value": "…" }.
  [new RegExp(String.raw`("${NAME}"\s*:\s*")(?:[^"\\]|\\.)*`, 'gi'), `$1${REDACTED}`],
  [new RegExp(String.raw`(\\+"${NAME}\\+"\s*:\s*\\+")[^"\\]*`, 'gi'), `$1${REDACTED}`],
  [
    new RegExp(String.raw`("name"\s*:\s*"${NAME}"\s*,\s*"value"\s*:\s*")(?:[^"\\]|\\.)*`, 'gi'),
    `$1${REDACTED}`,
  ],
  // Authorization: …
  [/\b((?:proxy-)?authorization|x-api-key|(?:set-)?cookie)(\s*:\s*)[^\r\n"'\\]+/gi, `$1$2${REDACTED}`],
  // ?access_token=… and --api-key …
  [
    /([?&][\w.-]{0,32}(?:token|key|secret|password|signature|sig|ticket|code)=)[^&#\s"'\\]+/gi,
    `$1${REDACTED}`,
  ],
  [/(--[\w-]{0,32}(?:token|key|secret|password)[= ])[^\s"'\\]+/gi, `$1${REDACTED}`],
  // OPENAI_API_KEY=… and ="…"
  [/\b(\w{0,64}(?:KEY|TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIAL)\w{0,64}=)[^\s"'\\;&|,[]+/g, `$1${REDACTED}`],
  [
    /\b(\w{0,64}(?:KEY|TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIAL)\w{0,64}=\\*["'])[^"'\\,:\]}][^"'\\]*/g,
    `$1${REDACTED}`,
  ],
];

/**
 * Takes secrets out of a text that is kept: bearer tokens, keys in the providers' forms, and what is named like a secret
 * in JSON, headers, URLs, flags and environments. JSON stays JSON. It knows forms, not secrets: one that is streamed
 * in pieces, or that stands without a name, is not found.
 */
export function redact(text: string): string {
  let redacted = text;
  for (const [pattern, replacement] of RULES) redacted = redacted.replace(pattern, replacement);
  return redacted;
}
