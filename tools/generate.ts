import { writeFile } from 'node:fs/promises';

import { GENERATED_FILES } from './generated-files.ts';

// Run in the repository's root, as `npm run` does.
for (const [path, render] of Object.entries(GENERATED_FILES)) await writeFile(path, await render());
