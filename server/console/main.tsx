/** Where the console begins: signs in, connects, and draws. */
import './no-eval.ts';
import { render } from 'preact';
import { App } from './app.tsx';
import { startSession } from './session/session.ts';

const root = document.querySelector('#root');
if (root !== null) {
  render(<App />, root);
  void startSession();
}
