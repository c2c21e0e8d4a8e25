import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { SENDERS } from '../lib/senders/delivery-ids';
import { CHECKOUT } from './lib/checkout.mjs';
import { sendersDoc } from './lib/senders-doc';

/** `npm run docs:senders` writes docs/senders.md; a test checks that it is current. */
writeFileSync(join(CHECKOUT, 'docs/senders.md'), sendersDoc(SENDERS));
