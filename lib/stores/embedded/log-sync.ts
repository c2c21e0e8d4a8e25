import { type FileHandle, open } from 'node:fs/promises';

/**
 * Makes committed writes survive a power cut, without holding n8n's thread for the disk: SQLite writes its log with
 * `synchronous = NORMAL`, and before a batch is answered the log is flushed in the background. What SQLite moved from the
 * log to the file by then, it has flushed itself (https://www.sqlite.org/wal.html, "checkpointing").
 *
 * Batches that wait at the same time share one flush.
 */
export class LogSync {
	private running: Promise<void> | null = null;

	private next: Promise<void> | null = null;

	private constructor(private readonly log: FileHandle) {}

	/** @param file the database; its log exists while a connection is open */
	static async of(file: string): Promise<LogSync> {
		return new LogSync(await open(`${file}-wal`, 'r+'));
	}

	/** Resolves when all that was committed before the call is on the disk. */
	async sync(): Promise<void> {
		if (this.running === null) {
			this.running = this.log.datasync().finally(() => {
				this.running = null;
			});
			return await this.running;
		}
		this.next ??= this.running
			.catch(() => undefined)
			.then(async () => {
				this.next = null;
				await this.sync();
			});
		return await this.next;
	}

	async close(): Promise<void> {
		await Promise.allSettled([this.running, this.next]);
		await this.log.close();
	}
}
