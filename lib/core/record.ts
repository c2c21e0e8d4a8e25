/** A record, what is asked of it, and what is answered. */
export * from './stored-record';
export * from './claim-terms';
export type * from './orders';
