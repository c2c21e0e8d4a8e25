import { describeStore } from '../suite';
import { memoryHarness } from './memory-harness';

describeStore('store over rows in memory', memoryHarness);
