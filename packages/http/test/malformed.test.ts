import { startNodeDoor } from './start.ts';
import { malformed } from './suite/malformed.ts';

malformed(startNodeDoor);
