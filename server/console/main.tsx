/** Where the console begins: signs in, connects, and draws. */
import { render } from 'preact';
import { config } from 'zod';
import { App } from './app.tsx';
import { startSession } from './session/session.ts';

// schemas would be compiled with `new Function`, which the policy of the page forbids
config({ jitless: true });

const root = document.querySelector('#root');
if (root !== null) {
  render(<App />, root);
  void startSession();
}
