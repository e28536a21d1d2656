const REDACTED = '[redacted]';
const WORD = '(?:authorization|api[_-]?key|token|secret|passw(?:or)?d|credential|cookie|private[_-]?key)';
/** The name of a field, a variable or a parameter that holds a secret; bounded, so that matching stays linear. */
const NAME = `[\\w.-]{0,64}${WORD}[\\w.-]{0,64}`;
const CAPITALS = '(?:KEY|TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIAL)';
/** The same in the capitals of environments. */
const VARIABLE = String.raw`\w{0,64}${CAPITALS}\w{0,64}`;
/** The name of a field that says whose account it is; at Claude an organisation is called by the e-mail of its owner. */
const OWNER = String.raw`[\w.-]{0,64}(?:e-?mail|organi[sz]ation)[\w.-]{0,64}`;
/** A quote of JSON in a string of JSON, however deep; after an even number of backslashes it ends the string itself. */
const INNER = String.raw`\\(?:\\\\)*"`;
/** Text in JSON up to the end of its string: no quote, and no backslash without what it escapes. */
const REST = String.raw`(?:[^"\\]|\\[^"])*`;

/** Keys that are known by their beginning, wherever they stand; where words begin so too, only with a key's length. */
const PREFIXES = [
  'sk-', // OpenAI, Anthropic, OpenRouter, DeepSeek
  '(?:sk|rk|pk)_(?:live|test)_', // Stripe
  'whsec_',
  'gh[pousr]_', // GitHub
  'github_pat_',
  'glpat-', // GitLab
  'xox[abceprs]-', // Slack
  String.raw`xapp-(?=\d)`,
  String.raw`npm_(?=\w{30})`,
  'pypi-(?=[A-Za-z0-9_-]{40})',
  'hf_(?=[A-Za-z0-9]{30})', // Hugging Face
  String.raw`gsk_(?=\w{30})`, // Groq
  String.raw`xai-(?=\w{30})`,
  String.raw`r8_(?=\w{30})`, // Replicate
  String.raw`pplx-(?=\w{30})`, // Perplexity
  'dop_v1_', // DigitalOcean
  'dapi(?=[0-9a-f]{32})', // Databricks
  'lin_api_', // Linear
  'AIza(?=[A-Za-z0-9_-]{30})', // Google
  'ya29[.](?=[A-Za-z0-9_-]{20})',
  'SG[.](?=[A-Za-z0-9_-]{16})', // SendGrid
  'AGE-SECRET-KEY-',
  'tca_(?=[A-Za-z0-9_-]{40})', // our own, of agents
].join('|');

/**
 * What is in whatever a rule matches, and is found sooner than the rule finds out that there is nothing: most texts have
 * none of these.
 */
const ESCAPED_QUOTE = '\\"';
const IN_ADDRESS = /:\/\/[^\s/?#@"'\\]+@/;
const IN_JSON = new RegExp(String.raw`${WORD}[\w.-]{0,64}"\s*:`, 'i');
const IN_MAIL = /@[^"\\]/;
const IN_VARIABLE = new RegExp(String.raw`${CAPITALS}\w{0,64}=`);

/**
 * What to put in place of what, and what a text needs for that; `$1` is kept. None of them takes a quote, or a backslash
 * without what it escapes, so JSON stays JSON. None is tried twice on one run of characters, so the time stays in
 * proportion to the length.
 */
const RULES: readonly (readonly [pattern: RegExp, replacement: string, needed?: RegExp | string])[] = [
  // Whatever it stands in: private keys, `Bearer …`, the vendors' own forms, AWS key ids, JSON web tokens.
  [new RegExp(`-----BEGIN [A-Z ]{0,32}PRIVATE KEY-----${REST}`, 'g'), REDACTED, '-----BEGIN '],
  [/\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]+/gi, `$1 ${REDACTED}`, /(?:bearer|basic)\s/i],
  [new RegExp(String.raw`(?<![A-Za-z0-9])(?:${PREFIXES})[A-Za-z0-9_-][A-Za-z0-9_.-]{7,}`, 'g'), REDACTED],
  [/\bA[KS]IA[A-Z0-9]{16}\b/g, REDACTED, /A[KS]IA/],
  [/(?<![\w-])eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*/g, REDACTED, 'eyJ'],
  // https://user:password@host
  [/(?<=:\/\/)[^\s/?#@:"'\\]{0,256}:[^\s/?#@"'\\]{1,256}(?=@)/g, REDACTED, IN_ADDRESS],
  // https://token@host
  [/(?<=:\/\/)[^\s/?#@:"'\\]{20,256}(?=@)/g, REDACTED, IN_ADDRESS],
  // "email": "…@…" and the same in JSON in a string.
  [new RegExp(String.raw`("${OWNER}"\s*:\s*")[^"\\@]{0,256}@[^"\\]{1,256}`, 'gi'), `$1${REDACTED}`, IN_MAIL],
  [
    new RegExp(
      String.raw`((?<!\\)${INNER}${OWNER}${INNER}\s*:\s*${INNER})[^"\\@]{0,256}@[^"\\]{1,256}`,
      'gi',
    ),
    `$1${REDACTED}`,
    IN_MAIL,
  ],
  // "api_key": "…" and the same in JSON in a string; { "name": "API_KEY", "value": "…" }.
  [new RegExp(String.raw`("${NAME}"\s*:\s*")(?:[^"\\]|\\.)*`, 'gi'), `$1${REDACTED}`, IN_JSON],
  [
    new RegExp(String.raw`((?<!\\)${INNER}${NAME}${INNER}\s*:\s*${INNER})[^"\\]*`, 'gi'),
    `$1${REDACTED}`,
    ESCAPED_QUOTE,
  ],
  [
    new RegExp(String.raw`("name"\s*:\s*"${NAME}"\s*,\s*"value"\s*:\s*")(?:[^"\\]|\\.)*`, 'gi'),
    `$1${REDACTED}`,
  ],
  [
    new RegExp(
      String.raw`((?<!\\)${INNER}name${INNER}\s*:\s*${INNER}${NAME}${INNER}\s*,\s*${INNER}value${INNER}\s*:\s*${INNER})[^"\\]*`,
      'gi',
    ),
    `$1${REDACTED}`,
    ESCAPED_QUOTE,
  ],
  // Authorization: … and X-Auth-Token: …
  [
    /\b((?:proxy-)?authorization|x-[\w-]{0,32}(?:key|token|secret|auth)|api-key|(?:set-)?cookie)(\s*:\s*)[^\r\n"'\\]+/gi,
    `$1$2${REDACTED}`,
  ],
  // ?access_token=… and --api-key …
  [
    /([?&][\w.-]{0,32}(?:token|key|secret|password|signature|sig|ticket|code)=)[^&#\s"'\\]+/gi,
    `$1${REDACTED}`,
    '=',
  ],
  [/(--[\w-]{0,32}(?:token|key|secret|password)[= ])[^\s"'\\]+/gi, `$1${REDACTED}`, '--'],
  // OPENAI_API_KEY=… and ="…"
  [new RegExp(String.raw`\b(${VARIABLE}=)[^\s"'\\;&|,[]+`, 'g'), `$1${REDACTED}`, IN_VARIABLE],
  [new RegExp(String.raw`\b(${VARIABLE}=\\*["'])[^"'\\,:\]}][^"'\\]*`, 'g'), `$1${REDACTED}`, IN_VARIABLE],
];

/**
 * Takes secrets out of a text that is kept: bearer tokens, keys in the vendors' forms, credentials in URLs, e-mail
 * addresses of accounts, and what is named like a secret in JSON, headers, URLs, flags and environments. JSON stays JSON. It knows forms, not secrets: one
 * that is streamed in pieces, or that stands without a name, is not found; for those that are known there is `Secrets`.
 */
export function redact(text: string): string {
  let redacted = text;
  for (const [pattern, replacement, needed] of RULES) {
    if (mayMatch(redacted, needed)) redacted = redacted.replace(pattern, replacement);
  }
  return redacted;
}

function mayMatch(text: string, needed: RegExp | string | undefined): boolean {
  if (needed === undefined) return true;
  return typeof needed === 'string' ? text.includes(needed) : needed.test(text);
}
