import { startNodeDoor } from './start.ts';
import { stalls } from './suite/stalls.ts';

stalls(startNodeDoor);
