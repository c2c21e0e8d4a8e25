/**
 * The state machine of docs/contract.md as pure functions: (record, request, now) → (record, answer). Every store but Redis runs
 * these; the Redis store says the same in Lua, and test/stores holds it to them.
 *
 *   claim ──► processing ──finish──► completed | failed ──retention──► absent
 *                │  ▲ renew
 *                ├──┘
 *                ├─release─► released ──claim──► processing (attempt + 1, higher fence)
 *                ├─park────► unknown ──claim──► held for review, or a takeover
 *                └─lease over (lapsed) ─claim─► as unknown
 *
 *   claim at the door ──► pending ──start──► processing
 *                            └─lease over ──claim──► granted anew: its run never began
 */
export { claim } from './claim';
export { endOf, liveRecord, observe } from './observe';
export type { Clock, Transition } from './observe';
export { operate } from './operator-commands';
export { command } from './owner-commands';
export { backoffMs } from './settle';
