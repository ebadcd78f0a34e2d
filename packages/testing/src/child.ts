// A process with one library in it: does what its parent asks, and ends with it.
import { exitNow, FlexilibError } from '@flexilib/native';
import { type Host, type Line, openHost, removeRunDirectory } from './host.ts';
import { type Question, type Said, SUPERVISOR } from './messages.ts';

let host: Host | undefined;
const say = (said: Said) => process.connected && process.send!(said);

async function answer(question: Question): Promise<unknown> {
  switch (question.what) {
    case 'open':
      host = await openHost({ ...question.options, onLog: (log: Line) => say({ log }) }, SUPERVISOR);
      return;
    case 'call':
      return host!.call(question.asked);
    case 'measure':
      return host!.measure(question.asked, question.calls, () => say('alive'));
    case 'close':
      return host?.close();
  }
}

process.on('message', async ({ id, ...question }: Question & { id: number }) => {
  try {
    say({ id, value: await answer(question as Question) });
  } catch (error) {
    if (!(error instanceof FlexilibError)) throw error; // our own fault: its stack is wanted
    const { code, message, path } = error;
    say({ id, failure: { code, message, path } });
  }
});
// At once: threads may still be inside the library.
process.on('disconnect', () => removeRunDirectory().finally(() => exitNow(0)));
process.on('SIGINT', () => {}); // a terminal sends it to the parent too, whose end is ours
