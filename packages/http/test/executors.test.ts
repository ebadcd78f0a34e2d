import { startNodeDoor } from './start.ts';
import { executors } from './suite/executors.ts';

executors(startNodeDoor);
