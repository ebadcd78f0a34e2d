import { startNodeDoor } from './start.ts';
import { bodies } from './suite/bodies.ts';

bodies(startNodeDoor);
