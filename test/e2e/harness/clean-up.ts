import { cleanUp } from '../../../scripts/lib/cleanup.mjs';

afterAll(cleanUp, 60_000);
