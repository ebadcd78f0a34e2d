import util from 'node:util';

// Colours not against the user's will (https://no-color.org). Node 20's styleText, with which the prompts paint,
// doesn't ask; the bundle looks the function up at each call.
const plain = Boolean(process.env.NO_COLOR) || process.env.TERM === 'dumb';
if (plain) Object.assign(util, { styleText: (_: unknown, text: string) => text });

const paint = (colour: number, text: string): string =>
  process.stderr.isTTY && !plain ? `\x1b[1;${colour}m${text}\x1b[0m` : text;

export const print = (text: string): void => void process.stdout.write(text);
export const warn = (text: string): void => console.error(`${paint(33, 'warning:')} ${text}`);
export const complain = (text: string): void => console.error(`${paint(31, 'error:')} ${text}`);
