import { labelHoles } from './label-holes.js';
import { holeOf, runOf } from './testing.js';

/* A labelling process for tests: `directory`, number of holes, milliseconds a hole. */
const [directory = '', count = '0', pauseMs = '0'] = process.argv.slice(2);
await labelHoles(
  Array.from({ length: Number(count) }, (_, i) => holeOf(i)),
  {
    run: async () => {
      await new Promise((resolve) => setTimeout(resolve, Number(pauseMs)));
      return runOf('a', 'b');
    },
  },
  { directory, signal: new AbortController().signal },
);
process.disconnect();
