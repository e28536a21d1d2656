/** Secrets as they stand in texts. Each is made up; the part between « and » has to be gone from whatever is kept. */
const KEY = 'Zq7Xw2Lk9Vb4Nm1Rt6Yp3Hs8Jd5Fg0Qc';

const MARKED: readonly (readonly [name: string, marked: string])[] = [
  ['an Authorization header', `Authorization: Bearer «${KEY}»`],
  ['basic credentials', `authorization: Basic «dXNlcjpwYXNzd29yZA==»`],
  ['a bearer token in prose', `the request with bearer «${KEY}» was refused`],
  ['a key of OpenAI', `Incorrect API key provided: «sk-proj-${KEY}»`],
  ['a key of Anthropic', `invalid x-api-key «sk-ant-api03-${KEY}»`],
  ['a key of Google', `API key not valid: «AIza${KEY}xyz»`],
  ['a Google access token', `«ya29.${KEY}»`],
  ['a key of Groq', `«gsk_${KEY}»`],
  ['a key of xAI', `«xai-${KEY}»`],
  ['a key of Perplexity', `«pplx-${KEY}»`],
  ['a key of Replicate', `«r8_${KEY}»`],
  ['a token of Hugging Face', `«hf_${KEY}»`],
  ['a token of GitHub', `«ghp_${KEY}»`],
  ['a fine-grained token of GitHub', `«github_pat_11AAAA_${KEY}»`],
  ['a token of GitLab', `«glpat-${KEY}»`],
  ['a token of Slack', `«xoxb-123456789012-${KEY}»`],
  ['a key of Stripe', `«sk_live_${KEY}»`],
  ['a token of npm', `«npm_${KEY}»`],
  ['a token of PyPI', `«pypi-AgEIcHlwaS5vcmc${KEY}${KEY}»`],
  ['a key of SendGrid', `«SG.${KEY}.${KEY}»`],
  ['an AWS key id', `«AKIAIOSFODNN7EXAMPLE»`],
  [
    'an AWS secret key',
    `aws_secret_access_key: x, AWS_SECRET_ACCESS_KEY=«wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY»`,
  ],
  ['a JSON web token', `«eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.${KEY}»`],
  ['a private key', `-----BEGIN OPENSSH PRIVATE KEY-----\n«${KEY}»\n-----END OPENSSH PRIVATE KEY-----`],
  ['a cookie', `Cookie: session=«${KEY}»; theme=«dark-${KEY}»`],
  ['a cookie that is set', `set-cookie: id=«${KEY}»; HttpOnly`],
  ['a header of its own', `X-Auth-Token: «${KEY}»`],
  ['a URL with credentials', `https://user:«${KEY}»@git.example/repo.git`],
  ['a URL with a token', `git clone https://«${KEY}»@git.example/repo.git`],
  [
    'the e-mail of an account',
    `{"account":{"type":"chatgpt","email":"«me.${KEY}@mail.example»","planType":"pro"}}`,
  ],
  ['the name of an organisation', `{"account":{"organization":"«me.${KEY}@mail.example's Organization»"}}`],
  ['an e-mail in JSON in a string', `{"text":"{\\"user_email\\": \\"«${KEY}@mail.example»\\"}"}`],
  ['a URL with a parameter', `wss://host.example/ws?ticket=«${KEY}»&x=1`],
  ['a variable', `OPENAI_API_KEY=«${KEY}» codex app-server`],
  ['a flag', `tool --api-key «${KEY}» --verbose`],
  ['a field of JSON', `{"access_token":"«${KEY}»","expires_in":3600}`],
  ['a field of JSON in a string', `{"arguments":"{\\"client_secret\\":\\"«${KEY}»\\"}"}`],
  ['a named value', `[{"name":"GITHUB_TOKEN","value":"«${KEY}»"}]`],
];

export interface PlantedSecret {
  readonly name: string;
  /** As an agent, a header or an error could say it. */
  readonly text: string;
  /** What must not be kept. */
  readonly secrets: readonly string[];
}

/** Another one for each, so that a test can say which was found. */
const turned = (by: number): string => KEY.slice(by) + KEY.slice(0, by);

export const PLANTED_SECRETS: readonly PlantedSecret[] = MARKED.map(([name, template], index) => {
  const marked = template.replaceAll(KEY, turned(index % KEY.length));
  const secrets = [...marked.matchAll(/«([^»]+)»/g)].map((match) => match[1] ?? '');
  return { name, text: marked.replaceAll(/[«»]/g, ''), secrets };
});

/** The secrets of all that are in the text. */
export const foundSecrets = (text: string, planted: readonly PlantedSecret[] = PLANTED_SECRETS): string[] =>
  planted.filter(({ secrets }) => secrets.some((secret) => text.includes(secret))).map(({ name }) => name);
