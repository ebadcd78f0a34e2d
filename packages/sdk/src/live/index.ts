// Of `flexilib dev`, the part that is in the processes that serve.
export { connectTool, type Tool } from './connect.ts';
export { createLive, type Live } from './hooks.ts';
