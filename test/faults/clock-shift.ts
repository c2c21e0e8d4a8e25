/** Loaded before the worker: a host whose clock is wrong by `CLOCK_SHIFT_MS`. Only the time of day; durations stay right. */

const shift = Number(process.env.CLOCK_SHIFT_MS ?? 0);
const RealDate = Date;

class ShiftedDate extends RealDate {
	constructor(...args: [] | [number | string]) {
		if (args.length === 0) super(RealDate.now() + shift);
		else super(args[0]);
	}

	static override now(): number {
		return RealDate.now() + shift;
	}
}

globalThis.Date = ShiftedDate as DateConstructor;

export {};
