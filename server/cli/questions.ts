/** Puts a turn's requests to the person at the terminal, one after the other. */
import type { Decision, Question, Request } from '../../machines/domain/request.ts';
import type { Terminal } from './terminal.ts';

/** How an answer is sent; what it throws is told and changes nothing here. */
type Respond = (requestId: string, answer: { decision: Decision } | { answers: Answers }) => Promise<void>;
type Answers = Record<string, string[]>;

const KEYS: Readonly<Record<Decision, string>> = {
  accept: 'y',
  acceptForSession: 'a',
  decline: 'n',
  cancel: 'c',
};
const WORDS: Readonly<Record<Decision, string>> = {
  accept: '[y]es',
  acceptForSession: '[a]lways in this session',
  decline: '[n]o',
  cancel: '[c]ancel the turn',
};

export class Questions {
  readonly #terminal: Terminal;
  readonly #respond: Respond;
  readonly #waiting: Request[] = [];
  /** What is asked now, and how to take the question back. */
  #asked: { readonly request: Request; readonly taken: AbortController } | null = null;

  constructor(terminal: Terminal, respond: Respond) {
    this.#terminal = terminal;
    this.#respond = respond;
  }

  /** A question stands on the screen. */
  get isAsking(): boolean {
    return this.#asked !== null;
  }

  add(request: Request): void {
    if (!this.#terminal.isInteractive) return;
    this.#waiting.push(request);
    if (this.#asked === null) void this.#askAll();
  }

  /** It is closed, or somebody else has answered it. */
  drop(requestId: string): void {
    const index = this.#waiting.findIndex((each) => each.requestId === requestId);
    if (index >= 0) this.#waiting.splice(index, 1);
    if (this.#asked?.request.requestId === requestId) this.#asked.taken.abort();
  }

  async #askAll(): Promise<void> {
    for (let request = this.#waiting.shift(); request !== undefined; request = this.#waiting.shift()) {
      const taken = new AbortController();
      this.#asked = { request, taken };
      const answer = await this.#ask(request, taken.signal);
      this.#asked = null;
      if (answer !== null) await this.#send(request, answer);
    }
  }

  async #send({ requestId }: Request, answer: { decision: Decision } | { answers: Answers }): Promise<void> {
    try {
      await this.#respond(requestId, answer);
    } catch (error) {
      this.#terminal.note(`[not answered] ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  async #ask({ body, decisions }: Request, signal: AbortSignal) {
    if (body.kind !== 'question') {
      const decision = await this.#askDecision(decisions, signal);
      return decision === null ? null : { decision };
    }
    const answers: Answers = {};
    for (const question of body.questions) {
      const text = await this.#askText(question, signal);
      if (text === null) return null;
      answers[question.questionId] = [text];
    }
    return { answers };
  }

  async #askDecision(decisions: readonly Decision[], signal: AbortSignal): Promise<Decision | null> {
    const choices = decisions.map((each) => WORDS[each]).join(' ');
    for (;;) {
      const line = await this.#terminal.ask(`${choices} ? `, signal);
      if (line === null) return null;
      const given = line.trim().toLowerCase();
      const decision = decisions.find((each) => KEYS[each] === given || each.toLowerCase() === given);
      if (decision !== undefined) return decision;
    }
  }

  /** A number chooses an option; anything else is the answer itself where that is allowed. */
  async #askText(
    { header, options, allowsText, secret }: Question,
    signal: AbortSignal,
  ): Promise<string | null> {
    for (;;) {
      const line = await this.#terminal.ask(`${header || 'answer'}: `, signal, secret);
      if (line === null) return null;
      const given = line.trim();
      const chosen = options[Number(given) - 1]?.label ?? options.find(({ label }) => label === given)?.label;
      if (chosen !== undefined) return chosen;
      if (given !== '' && (allowsText || options.length === 0)) return given;
    }
  }
}
