import { startNodeDoor } from './start.ts';
import { records } from './suite/records.ts';

records(startNodeDoor);
