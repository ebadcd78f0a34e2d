export { run } from '@flexilib/sdk';
