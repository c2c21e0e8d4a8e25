import { embeddedHarness } from './embedded-harness';
import { describeStore } from './suite';

describeStore('embedded store', embeddedHarness);
