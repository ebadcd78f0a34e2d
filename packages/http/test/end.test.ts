import { startNodeDoor } from './start.ts';
import { end } from './suite/end.ts';

end(startNodeDoor);
