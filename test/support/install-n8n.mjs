import { ensureN8n } from '../../scripts/lib/n8n-install.mjs';

/** Jest's global set-up: the real n8n is there, and the tests know where. Quick when it is. */
export default async function installN8n() {
	const { folder } = await ensureN8n();
	process.env.N8N_INSTALL = folder;
}
