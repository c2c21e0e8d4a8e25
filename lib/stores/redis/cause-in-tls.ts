import { types } from 'node:util';

import type { StoreError } from '../../core/reply';
import { causeOf } from './errors';
import { shakeHands } from './first-bytes';
import type { RedisNode, RedisTls } from './options';
import { nodeOf } from './options';

const UNKNOWN_AUTHORITY =
	/^(SELF_SIGNED_CERT_IN_CHAIN|DEPTH_ZERO_SELF_SIGNED_CERT|UNABLE_TO_GET_ISSUER_CERT(_LOCALLY)?|UNABLE_TO_VERIFY_LEAF_SIGNATURE|CERT_SIGNATURE_FAILURE)$/;
const OWN_CERTIFICATE =
	/(ALERT_(CERTIFICATE_REQUIRED|BAD_CERTIFICATE|UNKNOWN_CA|CERTIFICATE_UNKNOWN|HANDSHAKE_FAILURE)|KEY_VALUES_MISMATCH)$/;

/** Whether a port speaks TLS at all, whatever its certificate. */
export async function takesTls(node: RedisNode, limitMs: number): Promise<boolean> {
	const { error, certificate } = await shakeHands(node, { rejectUnauthorized: false }, limitMs);
	return error === undefined || certificate?.valid_to !== undefined;
}

/** Why a TLS connection with a port that may speak TLS can't be had; undefined where it can, or where nothing is known. */
export async function causeInTls(
	node: RedisNode,
	tls: RedisTls,
	limitMs: number,
): Promise<StoreError | undefined> {
	const { error } = await shakeHands(node, tls, limitMs);
	if (error === undefined) return undefined;
	const known = causeByCode(codeOf(error), tls, nodeOf(node));
	if (known !== undefined) return known;
	const { certificate } = await shakeHands(node, { ...tls, rejectUnauthorized: false }, limitMs);
	if (certificate?.valid_to === undefined) return undefined;
	const its = `The certificate of Redis at ${nodeOf(node)}`;
	switch (codeOf(error)) {
		case 'ERR_TLS_CERT_ALTNAME_INVALID':
			return causeOf(
				'tls',
				`${its} is for ${namesIn(certificate)}, not for ${tls.servername || node.host}`,
				'Connect by a name in the certificate, or put that name into "Server Name" of the credential.',
			);
		case 'CERT_HAS_EXPIRED':
		case 'CERT_NOT_YET_VALID':
			return causeOf(
				'tls',
				`${its} is valid from ${certificate.valid_from} to ${certificate.valid_to}, and not now`,
				'Renew the certificate, or check the clock of the machine that runs n8n.',
			);
		default:
			return undefined;
	}
}

function causeByCode(code: string, { ca, cert }: RedisTls, at: string): StoreError | undefined {
	if (UNKNOWN_AUTHORITY.test(code)) {
		return ca
			? causeOf(
					'tls',
					`The certificate of Redis at ${at} is not of the authority in "CA Certificate"`,
					'Put the certificate of the authority that signed it into "CA Certificate" of the credential.',
				)
			: causeOf(
					'tls',
					`The certificate of Redis at ${at} is of an authority that Node.js does not know`,
					'Put the certificate of that authority into "CA Certificate" of the credential.',
				);
	}
	if (OWN_CERTIFICATE.test(code)) {
		return cert
			? causeOf(
					'tls',
					`Redis at ${at} refused the client certificate, or its key is not the one in "Client Key"`,
					'Check "Client Certificate" and "Client Key" in the credential.',
				)
			: causeOf(
					'tls',
					`Redis at ${at} asks for a client certificate`,
					'Fill in "Client Certificate" and "Client Key" in the credential.',
				);
	}
	return /^ERR_OSSL_/.test(code)
		? causeOf(
				'tls',
				`A certificate or key in the credential can't be read: no TLS connection with Redis at ${at} was tried`,
				'Paste each from its file again, from -----BEGIN to the end.',
			)
		: undefined;
}

function codeOf(error: unknown): string {
	return types.isNativeError(error) && 'code' in error ? String(error.code) : '';
}

/** At most five, as the certificate writes them, less their kind. */
function namesIn({
	subjectaltname,
	subject,
}: {
	subjectaltname?: string;
	subject?: { CN?: unknown };
}): string {
	const names = (subjectaltname ?? String(subject?.CN ?? 'no name')).split(', ').slice(0, 5);
	return names.map((name) => name.replace(/^(DNS|IP Address):/, '')).join(', ');
}
