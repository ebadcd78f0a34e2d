import { startNodeDoor } from './start.ts';
import { answers } from './suite/answers.ts';

answers(startNodeDoor);
