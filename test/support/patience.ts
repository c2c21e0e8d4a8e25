/** For a store that a test asks about something else than time: a busy machine is no fault. In ms, as a store's own `timeouts`. */
export const PATIENT_TIMEOUTS = { connectMs: 60_000, commandMs: 60_000, retryMs: 10_000 };
