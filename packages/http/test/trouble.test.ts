import { startNodeDoor } from './start.ts';
import { trouble } from './suite/trouble.ts';

trouble(startNodeDoor);
