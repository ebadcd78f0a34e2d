import { startNodeDoor } from './start.ts';
import { aborts } from './suite/aborts.ts';

aborts(startNodeDoor);
