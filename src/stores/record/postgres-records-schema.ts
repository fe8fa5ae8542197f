/*
 * The tables of records in PostgreSQL, and the functions that change them. A function is one statement to the client: whole or not at all, in one
 * round trip. Whoever changes a partition holds its row from the first statement to the commit, so numbers are given in the order of the commits, and
 * each statement within sees what was committed before it (READ COMMITTED).
 *
 * Text is what postgres-text.ts makes of it, compared byte by byte (COLLATE "C").
 */

import type { PostgresComponent } from '../postgres/postgres-schema.ts';

const TABLES = `
  CREATE TABLE gatehouse.record_partitions (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant text COLLATE "C" NOT NULL, kind text COLLATE "C" NOT NULL, name text COLLATE "C" NOT NULL,
    generation text NOT NULL, head bigint NOT NULL DEFAULT 0, UNIQUE (tenant, kind, name)
  );
  CREATE TABLE gatehouse.records (
    partition bigint NOT NULL REFERENCES gatehouse.record_partitions (number), id text COLLATE "C" NOT NULL,
    "group" text COLLATE "C" NOT NULL, kind text COLLATE "C" NOT NULL, seq bigint NOT NULL, body text, PRIMARY KEY (partition, id)
  );
  CREATE UNIQUE INDEX records_by_seq ON gatehouse.records (partition, seq);
  CREATE INDEX records_by_group ON gatehouse.records (partition, "group") WHERE body IS NOT NULL;
  CREATE TABLE gatehouse.record_notes (
    partition bigint NOT NULL REFERENCES gatehouse.record_partitions (number), name text COLLATE "C" NOT NULL, value text NOT NULL,
    PRIMARY KEY (partition, name)
  );`;

/** The partition's row, held until the commit; it is made when it is not there. */
const HOLD = `
  CREATE FUNCTION gatehouse.records_hold(in_tenant text, in_kind text, in_name text) RETURNS gatehouse.record_partitions
  LANGUAGE plpgsql SET lock_timeout = '10s' AS $$
  DECLARE held gatehouse.record_partitions;
  BEGIN
    LOOP
      SELECT * INTO held FROM gatehouse.record_partitions p WHERE p.tenant = in_tenant AND p.kind = in_kind AND p.name = in_name FOR UPDATE;
      IF FOUND THEN RETURN held; END IF;
      INSERT INTO gatehouse.record_partitions (tenant, kind, name, generation)
      VALUES (in_tenant, in_kind, in_name, gen_random_uuid()::text) ON CONFLICT DO NOTHING;
    END LOOP;
  END $$;`;

const APPLY = `
  CREATE FUNCTION gatehouse.records_apply(
    in_tenant text, in_kind text, in_name text, in_expected bigint, in_only_new boolean,
    in_ids text[], in_groups text[], in_kinds text[], in_bodies text[]
  ) RETURNS TABLE (out_applied boolean, out_head bigint)
  LANGUAGE plpgsql SET lock_timeout = '10s' AS $$
  DECLARE
    held gatehouse.record_partitions;
    changed bigint;
  BEGIN
    SELECT * INTO held FROM gatehouse.record_partitions p WHERE p.tenant = in_tenant AND p.kind = in_kind AND p.name = in_name FOR UPDATE;
    IF NOT FOUND THEN
      IF in_expected <> 0 THEN RETURN QUERY SELECT false, 0::bigint; RETURN; END IF;
      IF NOT EXISTS (SELECT 1 FROM unnest(in_bodies) b WHERE b IS NOT NULL) THEN RETURN QUERY SELECT true, 0::bigint; RETURN; END IF;
      held := gatehouse.records_hold(in_tenant, in_kind, in_name);
    END IF;
    IF in_expected <> held.head THEN RETURN QUERY SELECT false, held.head; RETURN; END IF;
    WITH counting AS (
      SELECT given.* FROM unnest(in_ids, in_groups, in_kinds, in_bodies) WITH ORDINALITY AS given (id, grp, knd, body, place)
      LEFT JOIN gatehouse.records r ON r.partition = held.number AND r.id = given.id
      WHERE CASE WHEN in_only_new THEN r.id IS NULL AND given.body IS NOT NULL ELSE given.body IS NOT NULL OR r.body IS NOT NULL END
    )
    INSERT INTO gatehouse.records (partition, id, "group", kind, seq, body)
    SELECT held.number, c.id, c.grp, c.knd, held.head + row_number() OVER (ORDER BY c.place), c.body FROM counting c
    ON CONFLICT (partition, id) DO UPDATE SET "group" = excluded."group", kind = excluded.kind, seq = excluded.seq, body = excluded.body;
    GET DIAGNOSTICS changed = ROW_COUNT;
    IF changed > 0 THEN UPDATE gatehouse.record_partitions SET head = held.head + changed WHERE number = held.number; END IF;
    RETURN QUERY SELECT true, held.head + changed;
  END $$;`;

const DELETE_GROUP = `
  CREATE FUNCTION gatehouse.records_delete_group(in_tenant text, in_kind text, in_name text, in_group text) RETURNS bigint
  LANGUAGE plpgsql SET lock_timeout = '10s' AS $$
  DECLARE
    held gatehouse.record_partitions;
    changed bigint;
  BEGIN
    SELECT * INTO held FROM gatehouse.record_partitions p WHERE p.tenant = in_tenant AND p.kind = in_kind AND p.name = in_name FOR UPDATE;
    IF NOT FOUND THEN RETURN 0; END IF;
    UPDATE gatehouse.records r SET body = NULL, seq = held.head + found.place
    FROM (
      SELECT g.id, row_number() OVER (ORDER BY g.seq) AS place FROM gatehouse.records g
      WHERE g.partition = held.number AND g."group" = in_group AND g.body IS NOT NULL
    ) found
    WHERE r.partition = held.number AND r.id = found.id;
    GET DIAGNOSTICS changed = ROW_COUNT;
    IF changed > 0 THEN UPDATE gatehouse.record_partitions SET head = held.head + changed WHERE number = held.number; END IF;
    RETURN changed;
  END $$;`;

const ERASE = `
  CREATE FUNCTION gatehouse.records_erase(in_tenant text, in_kind text, in_name text) RETURNS bigint
  LANGUAGE plpgsql SET lock_timeout = '10s' AS $$
  DECLARE
    held gatehouse.record_partitions;
    found_count bigint;
  BEGIN
    SELECT * INTO held FROM gatehouse.record_partitions p WHERE p.tenant = in_tenant AND p.kind = in_kind AND p.name = in_name FOR UPDATE;
    IF NOT FOUND THEN RETURN 0; END IF;
    SELECT count(*) INTO found_count FROM gatehouse.records r WHERE r.partition = held.number AND r.body IS NOT NULL;
    DELETE FROM gatehouse.record_notes WHERE partition = held.number;
    DELETE FROM gatehouse.records WHERE partition = held.number;
    DELETE FROM gatehouse.record_partitions WHERE number = held.number;
    RETURN found_count;
  END $$;`;

const NOTE = `
  CREATE FUNCTION gatehouse.records_note(in_tenant text, in_kind text, in_name text, in_note text, in_value text) RETURNS void
  LANGUAGE plpgsql SET lock_timeout = '10s' AS $$
  DECLARE held gatehouse.record_partitions;
  BEGIN
    SELECT * INTO held FROM gatehouse.record_partitions p
    WHERE p.tenant = in_tenant AND p.kind = in_kind AND p.name = in_name FOR UPDATE;
    -- The name of what was erased would come back with the note.
    IF NOT FOUND THEN RETURN; END IF;
    INSERT INTO gatehouse.record_notes (partition, name, value) VALUES (held.number, in_note, in_value)
    ON CONFLICT (partition, name) DO UPDATE SET value = excluded.value;
  END $$;`;

const LOAD = `
  CREATE FUNCTION gatehouse.records_load(
    in_tenant text, in_kind text, in_name text, in_head bigint,
    in_ids text[], in_groups text[], in_kinds text[], in_seqs bigint[], in_bodies text[], in_notes text[], in_values text[]
  ) RETURNS void
  LANGUAGE plpgsql SET lock_timeout = '10s' AS $$
  DECLARE held gatehouse.record_partitions := gatehouse.records_hold(in_tenant, in_kind, in_name);
  BEGIN
    INSERT INTO gatehouse.records AS r (partition, id, "group", kind, seq, body)
    SELECT held.number, given.* FROM unnest(in_ids, in_groups, in_kinds, in_seqs, in_bodies) AS given
    ON CONFLICT (partition, id) DO UPDATE SET "group" = excluded."group", kind = excluded.kind, seq = excluded.seq, body = excluded.body
    WHERE excluded.seq > r.seq;
    UPDATE gatehouse.record_partitions SET head = in_head WHERE number = held.number;
    INSERT INTO gatehouse.record_notes (partition, name, value) SELECT held.number, given.* FROM unnest(in_notes, in_values) AS given
    ON CONFLICT (partition, name) DO UPDATE SET value = excluded.value;
  END $$;`;

export const RECORDS: PostgresComponent = {
  name: 'records',
  migrations: [[TABLES, HOLD, APPLY, DELETE_GROUP, ERASE, NOTE, LOAD].join('\n')],
};
