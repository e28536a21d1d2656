/** Shown to who is not signed in: a link does it, or a token. */
import { useState } from 'preact/hooks';
import type { Failure } from '../../../machines/domain/error.ts';
import { Button } from '../ui/button.tsx';
import { FailureNote } from '../ui/failure-note.tsx';
import { enterToken } from './session.ts';

export function SignIn({ failure }: { readonly failure: Failure | null }) {
  const [token, setToken] = useState('');
  return (
    <main class="sign-in">
      <h1>Threadchart</h1>
      {failure !== null && <FailureNote failure={failure} />}
      <p>
        Open the link that the server printed when it started, or have a new one printed. It works once,
        within 15 minutes:
      </p>
      <pre>threadchart console</pre>
      <p class="muted">
        In a clone of the repository: <code>npm run -s threadchart -- console</code>
      </p>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void enterToken(token.trim());
        }}
      >
        <label for="token">Or a token</label>
        <div class="row">
          <input
            id="token"
            type="password"
            autocomplete="off"
            value={token}
            onInput={({ currentTarget }) => setToken(currentTarget.value)}
          />
          <Button look="primary" type="submit" disabled={token.trim() === ''}>
            Sign in
          </Button>
        </div>
      </form>
    </main>
  );
}
