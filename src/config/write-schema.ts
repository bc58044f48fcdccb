import { writeFileSync } from 'node:fs';
import { configSchema } from './schema.ts';

// `npm run schema`: the schema that the loader uses, for editors.
writeFileSync('config.schema.json', `${JSON.stringify(configSchema, null, 2)}\n`);
