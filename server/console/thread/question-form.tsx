/** Questions of an agent: options to choose, texts to type. */
import { useSignal, type Signal } from '@preact/signals';
import { answerGap } from '../../../machines/domain/answer.ts';
import type { Question, RequestRow } from '../../../machines/domain/request.ts';
import { Button } from '../ui/button.tsx';
import type { ThreadActions } from './actions.ts';

type Answers = Readonly<Record<string, readonly string[]>>;

interface QuestionFormProps {
  readonly request: RequestRow;
  readonly questions: readonly Question[];
  readonly actions: ThreadActions | null;
}

export function QuestionForm({ request, questions, actions }: QuestionFormProps) {
  const { requestId, status } = request;
  const chosen = useSignal<Answers>(proposedOf(questions));
  const typed = useSignal<Readonly<Record<string, string>>>({});
  const answers = Object.fromEntries(
    questions.map(({ questionId }) => [questionId, allOf(questionId, chosen, typed)]),
  );
  const gap = answerGap(questions, answers);
  const isEmpty = Object.values(answers).every((each) => each.length === 0);
  if (status === 'answering') return <p class="muted">The answer is on its way…</p>;
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        void actions?.run({ type: 'request.respond', requestId, answers });
      }}
    >
      {questions.map((question) => (
        <QuestionField key={question.questionId} question={question} chosen={chosen} typed={typed} />
      ))}
      {gap !== null && !isEmpty && <p class="muted">{gap.why}</p>}
      <Button look="primary" type="submit" disabled={actions === null || gap !== null || isEmpty}>
        Answer
      </Button>
    </form>
  );
}

interface QuestionFieldProps {
  readonly question: Question;
  readonly chosen: Signal<Answers>;
  readonly typed: Signal<Readonly<Record<string, string>>>;
}

function QuestionField({ question, chosen, typed }: QuestionFieldProps) {
  const { questionId, header, options, allowsText, secret } = question;
  const isOne = question.maxAnswers === 1;
  const mine = chosen.value[questionId] ?? [];
  const toggle = (label: string, isOn: boolean): void => {
    const rest = isOne ? [] : mine.filter((each) => each !== label);
    chosen.value = { ...chosen.value, [questionId]: isOn ? [...rest, label] : rest };
  };
  return (
    <fieldset class="question">
      <legend>
        {header !== '' && <strong>{header}. </strong>}
        {question.question}
      </legend>
      {options.map(({ label, description }) => (
        <label key={label} class="option">
          <input
            type={isOne ? 'radio' : 'checkbox'}
            name={questionId}
            checked={mine.includes(label)}
            onChange={({ currentTarget }) => toggle(label, currentTarget.checked)}
          />
          <span>
            {label}
            {description !== '' && <span class="muted"> {description}</span>}
          </span>
        </label>
      ))}
      {(allowsText || options.length === 0) && (
        <input
          {...(secret === true ? { type: 'password' } : { type: 'text' })}
          autocomplete="off"
          aria-label={options.length === 0 ? question.question : 'Another answer'}
          placeholder={options.length === 0 ? '' : 'Another answer'}
          value={typed.value[questionId] ?? ''}
          onInput={({ currentTarget }) =>
            (typed.value = { ...typed.value, [questionId]: currentTarget.value })
          }
        />
      )}
    </fieldset>
  );
}

const proposedOf = (questions: readonly Question[]): Answers =>
  Object.fromEntries(questions.map(({ questionId, proposed }) => [questionId, proposed ?? []]));

/** What is chosen, then what is typed. */
function allOf(questionId: string, chosen: Signal<Answers>, typed: QuestionFieldProps['typed']): string[] {
  const text = (typed.value[questionId] ?? '').trim();
  return [...(chosen.value[questionId] ?? []), ...(text === '' ? [] : [text])];
}
