import { LEFT_BY_SQL } from '../../core/completed-in-sql';
import { NO_CLAIM_SQL_TOKEN } from '../../keys/sql-token';
import { COMPLETED_STATE } from '../rows/columns';
import type { TableNames } from './options';

/** A longer result is left out, as Commit leaves one out. */
const MAX_RESULT_BYTES = 1024 * 1024;

/**
 * The function by which a user's own statement completes its record: all that the transaction writes is kept together with the record, or
 * nothing is. It goes by the token of the claim (see sql-token) and raises unless the claim still holds the key: ID001 the record
 * is gone, ID002 another run has it, ID003 it was completed before. Whoever calls it needs no right to the table.
 */
export function finishFunctionSql(names: TableNames): string {
	const claims = names.of('claims');
	const left = Buffer.of(LEFT_BY_SQL).toString('hex');
	return `CREATE OR REPLACE FUNCTION ${names.of('finish')} (token text, result jsonb DEFAULT NULL) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $idem$
DECLARE
	parts text[] := string_to_array(token, '.');
	held record;
	now_ms bigint;
	left_result bytea := decode('${left}', 'hex');
BEGIN
	IF token = '${NO_CLAIM_SQL_TOKEN}' THEN
		RETURN true;
	END IF;
	IF token IS NULL OR token !~ '^idemsql1[.][^.]+[.][0-9]{1,16}[.][0-9a-f]{64}[.][01]$' THEN
		RAISE EXCEPTION 'this is not the "sqlToken" of a New item' USING ERRCODE = '22023',
			HINT = 'Set "PostgreSQL: Complete in SQL" in Idempotency Guard, and pass the field "sqlToken" on as it is.';
	END IF;
	SELECT c.id, c.state, c.fence, c.owner, c.expires_at, c.retention_ms INTO held FROM ${claims} c WHERE c.identity = parts[2] FOR UPDATE;
	now_ms := floor(extract(epoch FROM clock_timestamp()) * 1000);
	IF NOT FOUND OR held.expires_at <= now_ms OR held.owner = '' THEN
		RAISE EXCEPTION 'the record of this request is gone: nothing was written' USING ERRCODE = 'ID001',
			HINT = 'It was forgotten, has expired, or is in other tables: database, schema and prefix must be those of the credential.';
	ELSIF held.fence <> parts[3]::bigint OR encode(sha256(decode('73716c00', 'hex') || held.owner), 'hex') <> parts[4] THEN
		RAISE EXCEPTION 'another run has taken this request over: nothing was written' USING ERRCODE = 'ID002';
	ELSIF held.state = ${COMPLETED_STATE} THEN
		RAISE EXCEPTION 'this request was completed before: nothing was written again' USING ERRCODE = 'ID003';
	END IF;
	IF result IS NOT NULL AND parts[5] = '0' AND octet_length(result::text) <= ${MAX_RESULT_BYTES} THEN
		left_result := left_result || convert_to(result::text, 'UTF8');
	END IF;
	UPDATE ${claims} c SET version = c.version + 1, state = ${COMPLETED_STATE}, lease_until = now_ms, not_before = 0, finished_at = now_ms,
		expires_at = now_ms + held.retention_ms, status_code = 0, reason = '', result = left_result WHERE c.id = held.id;
	RETURN true;
END
$idem$;
REVOKE EXECUTE ON FUNCTION ${names.of('finish')} (text, jsonb) FROM PUBLIC;`;
}
