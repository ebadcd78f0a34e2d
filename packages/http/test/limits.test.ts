import { startNodeDoor } from './start.ts';
import { limits } from './suite/limits.ts';

limits(startNodeDoor);
