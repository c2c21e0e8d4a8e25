import { cleanUp } from '../../../scripts/lib/cleanup.mjs';

// A busy machine takes its time to end a dozen of n8n processes: this only ends what never would.
afterAll(cleanUp, 600_000);
