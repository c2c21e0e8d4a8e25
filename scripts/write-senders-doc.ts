import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { SENDERS } from '../lib/senders/delivery-ids';
import { HANDSHAKES } from '../lib/senders/handshakes/handshakes';
import { SENDER_SIGNATURES } from '../lib/senders/signatures/sender-signatures';
import { CHECKOUT } from './lib/checkout.mjs';
import { sendersDoc } from './lib/senders-doc';

/** `npm run docs:senders` writes docs/senders.md; a test checks that it is current. */
const text = sendersDoc(SENDERS, SENDER_SIGNATURES, HANDSHAKES);
writeFileSync(join(CHECKOUT, 'docs/senders.md'), text);
