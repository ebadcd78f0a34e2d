import { startNodeDoor } from './start.ts';
import { order } from './suite/order.ts';

order(startNodeDoor);
