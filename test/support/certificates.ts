import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Certificates {
	readonly ca: string;
	readonly cert: string;
	readonly key: string;
	readonly folder: string;
}

/** An authority of our own and a certificate of it, made by openssl. @param days how long it is valid; -1: not any more */
export function makeCertificates(names = 'DNS:localhost,IP:127.0.0.1', days = 2): Certificates {
	const folder = mkdtempSync(join(tmpdir(), 'idempotency-tls-'));
	const at = (name: string) => join(folder, name);
	const openssl = (line: string) =>
		execFileSync('openssl', line.split(' '), { cwd: folder, stdio: 'pipe' });
	const newKey = '-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes';
	openssl(`req -x509 ${newKey} -keyout ca.key -out ca.pem -days 2 -subj /CN=Test-CA`);
	openssl(`req ${newKey} -keyout server.key -out server.csr -subj /CN=localhost`);
	writeFileSync(at('names'), `subjectAltName=${names}`);
	const signedBy = '-CA ca.pem -CAkey ca.key -CAcreateserial';
	openssl(`x509 -req -in server.csr ${signedBy} -out server.pem -days ${days} -extfile names`);
	const read = (name: string) => readFileSync(at(name), 'utf8');
	return { folder, ca: read('ca.pem'), cert: read('server.pem'), key: read('server.key') };
}
