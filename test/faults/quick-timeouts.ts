/** Short, so that a run that meets a fault goes on soon: a call ends within 1.1 s. */
export const QUICK_TIMEOUTS = { connectMs: 400, commandMs: 400, retryMs: 300, idleMs: 60_000 };
