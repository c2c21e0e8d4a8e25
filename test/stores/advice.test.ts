import type { StoreProblem } from '../../lib/core/reply';
import { adviceFor as ofEmbedded } from '../../lib/stores/embedded/advice';
import { adviceFor as ofRedis } from '../../lib/stores/redis/advice';

/** A table, so that the compiler says when a problem is missing. */
const PROBLEMS: Record<StoreProblem, true> = {
	unreachable: true,
	timeout: true,
	authentication: true,
	permission: true,
	read_only: true,
	loading: true,
	cluster_down: true,
	out_of_memory: true,
	busy: true,
	disk_full: true,
	not_replicated: true,
	tls: true,
	unsupported: true,
	corrupt_record: true,
	configuration: true,
	unknown_secret: true,
	unexpected: true,
};

describe.each(Object.keys(PROBLEMS) as StoreProblem[])('what to do about %s', (problem) => {
	it('is said by Redis of Redis, and sends nobody to Redis who is there', () => {
		expect(ofRedis(problem)).toMatch(/\.$/);
		expect(ofRedis(problem)).not.toMatch(/"Store"|SQLite|folder/);
	});

	it('is said by the file of the file, and speaks of no credential and no server', () => {
		const advice = ofEmbedded(problem);
		expect(advice).toMatch(/\.$/);
		expect(advice).not.toMatch(/credential|primary|replica|maxmemory|Redis user|key prefix/);
		if (problem !== 'unsupported') expect(advice).not.toContain('Redis');
	});
});
