/** Where the package is described. Links in answers and in n8n's panel begin with it. */
export const DOCS_URL = 'https://github.com/n8n-nodes-idempotency/n8n-nodes-idempotency';
