// A serving process's end of the talk with `flexilib dev`.
import { connect } from 'node:net';
import { decoder, encode, type FromServer, type ToServer } from '../dev/protocol.ts';

export type State = Extract<ToServer, { kind: 'state' }>;

export interface Tool {
  readonly state: State;
  /** Hears of each new state. */
  onState: () => void;
  tell(message: FromServer): void;
}

/** Settles with the first state. onGone: the tool has ended. */
export function connectTool(
  path: string,
  onBuilt: (library: string, build: number) => void,
  onGone: () => void,
): Promise<Tool> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    let tool: (Tool & { state: State }) | null = null;
    const take = (message: ToServer) => {
      if (message.kind === 'built') onBuilt(message.library, message.build);
      else if (tool) {
        tool.state = message;
        tool.onState();
      } else {
        tool = { state: message, onState() {}, tell: (answer) => void socket.write(encode(answer)) };
        resolve(tool);
      }
    };
    socket.setEncoding('utf8').on('data', decoder(take));
    socket.on('error', reject).on('close', onGone);
  });
}
