/*
 * The tables of vectors in PostgreSQL with pgvector, and the functions that work on them. A space is a table, whose column has its length, with
 * partition and id as its key and an HNSW index over all of it.
 *
 * Which way a search goes is decided here, for a partition is a filter that the index knows nothing of: of a partition that is small every vector is
 * compared, exactly; of a large one the index is walked until enough of the partition's own are found (pgvector's iterative scan, 0.8 and
 * later; before, what is found may be fewer).
 *
 * HNSW takes `vector` up to 2,000 numbers and `halfvec` up to 4,000: between the two it is made of halves, above it there is none.
 */

import type { PostgresComponent } from '../postgres/postgres-schema.ts';

const EXTENSION = `
  DO $$
  BEGIN
    IF EXISTS (SELECT 1 FROM pg_extension WHERE extname = 'vector') THEN RETURN; END IF;
    IF NOT EXISTS (SELECT 1 FROM pg_available_extensions WHERE name = 'vector') THEN
      RAISE EXCEPTION 'this server has no pgvector, which vectors need: install it there (Debian calls it postgresql-NN-pgvector), or keep vectors elsewhere (state.vectors)'
        USING ERRCODE = 'feature_not_supported';
    END IF;
    BEGIN
      CREATE EXTENSION vector;
    EXCEPTION WHEN insufficient_privilege THEN
      RAISE EXCEPTION 'pgvector is there, but this user may not enable it: have an administrator run CREATE EXTENSION vector in this database'
        USING ERRCODE = 'insufficient_privilege';
    END;
  END $$;`;

const TABLES = `
  CREATE TABLE gatehouse.vector_spaces (
    number integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text COLLATE "C" NOT NULL UNIQUE, dimensions integer NOT NULL
  );`;

/** The lock makes those who come with the same new space at once wait for the first. */
const SPACE = `
  CREATE FUNCTION gatehouse.vectors_space(in_name text, in_dimensions integer) RETURNS gatehouse.vector_spaces
  LANGUAGE plpgsql SET lock_timeout = '10s' AS $$
  DECLARE space gatehouse.vector_spaces;
  BEGIN
    SELECT * INTO space FROM gatehouse.vector_spaces s WHERE s.name = in_name;
    IF NOT FOUND THEN
      LOCK TABLE gatehouse.vector_spaces IN SHARE ROW EXCLUSIVE MODE;
      SELECT * INTO space FROM gatehouse.vector_spaces s WHERE s.name = in_name;
      IF NOT FOUND THEN
        INSERT INTO gatehouse.vector_spaces (name, dimensions) VALUES (in_name, in_dimensions) RETURNING * INTO space;
        EXECUTE format('CREATE TABLE gatehouse.vectors_%s (
          partition text COLLATE "C" NOT NULL, id text COLLATE "C" NOT NULL, "group" text COLLATE "C" NOT NULL, vector vector(%s) NOT NULL,
          PRIMARY KEY (partition, id))', space.number, in_dimensions);
        EXECUTE format('CREATE INDEX ON gatehouse.vectors_%s (partition, "group")', space.number);
        IF in_dimensions <= 2000 THEN
          EXECUTE format('CREATE INDEX ON gatehouse.vectors_%s USING hnsw (vector vector_cosine_ops)', space.number);
        ELSIF in_dimensions <= 4000 THEN
          EXECUTE format('CREATE INDEX ON gatehouse.vectors_%s USING hnsw ((vector::halfvec(%s)) halfvec_cosine_ops)', space.number, in_dimensions);
        END IF;
      END IF;
    END IF;
    IF space.dimensions <> in_dimensions THEN
      RAISE EXCEPTION 'the space % is for vectors of % numbers, not %', in_name, space.dimensions, in_dimensions USING ERRCODE = 'data_exception';
    END IF;
    RETURN space;
  END $$;`;

const PUT = `
  CREATE FUNCTION gatehouse.vectors_put(in_space text, in_dimensions integer, in_partition text, in_ids text[], in_groups text[], in_vectors text[])
  RETURNS void LANGUAGE plpgsql SET lock_timeout = '10s' AS $$
  DECLARE space gatehouse.vector_spaces := gatehouse.vectors_space(in_space, in_dimensions);
  BEGIN
    EXECUTE format('INSERT INTO gatehouse.vectors_%s SELECT $1, given.id, given.grp, given.vec::vector
      FROM unnest($2, $3, $4) AS given (id, grp, vec) ORDER BY given.id
      ON CONFLICT (partition, id) DO UPDATE SET "group" = excluded."group", vector = excluded.vector', space.number)
    USING in_partition, in_ids, in_groups, in_vectors;
  END $$;`;

const NEAR = `
  CREATE FUNCTION gatehouse.vectors_near(in_space text, in_partition text, in_vector text, in_limit integer, in_scanned_max integer)
  RETURNS TABLE (out_id text, out_score double precision) LANGUAGE plpgsql AS $$
  DECLARE
    space gatehouse.vector_spaces;
    own bigint;
    distance text := 'vector <=> $2::vector';
  BEGIN
    SELECT * INTO space FROM gatehouse.vector_spaces s WHERE s.name = in_space;
    IF NOT FOUND THEN RETURN; END IF;
    EXECUTE format('SELECT count(*) FROM (SELECT 1 FROM gatehouse.vectors_%s WHERE partition = $1 LIMIT $2 + 1) AS counted', space.number)
    INTO own USING in_partition, in_scanned_max;
    IF own <= in_scanned_max OR space.dimensions > 4000 THEN
      -- Materialised: the planner must not walk the index over all partitions, and filter what it finds.
      RETURN QUERY EXECUTE format('WITH own AS MATERIALIZED (SELECT id, vector FROM gatehouse.vectors_%s WHERE partition = $1)
        SELECT id, 1 - (vector <=> $2::vector) FROM own ORDER BY vector <=> $2::vector, id LIMIT $3', space.number)
      USING in_partition, in_vector, in_limit;
      RETURN;
    END IF;
    IF space.dimensions > 2000 THEN distance := format('vector::halfvec(%1$s) <=> $2::halfvec(%1$s)', space.dimensions); END IF;
    PERFORM set_config('hnsw.ef_search', least(1000, greatest(100, in_limit))::text, true);
    BEGIN
      PERFORM set_config('hnsw.iterative_scan', 'strict_order', true);
    EXCEPTION WHEN undefined_object OR invalid_name THEN
      NULL;
    END;
    RETURN QUERY EXECUTE format('SELECT id, 1 - (%2$s) FROM gatehouse.vectors_%1$s WHERE partition = $1 ORDER BY %2$s LIMIT $3', space.number, distance)
    USING in_partition, in_vector, in_limit;
  END $$;`;

/** Of all spaces or one; all, certain ids, or a group. */
const DELETE = `
  CREATE FUNCTION gatehouse.vectors_delete(in_partition text, in_space text, in_ids text[], in_group text) RETURNS void
  LANGUAGE plpgsql SET lock_timeout = '10s' AS $$
  DECLARE space gatehouse.vector_spaces;
  BEGIN
    FOR space IN SELECT * FROM gatehouse.vector_spaces s WHERE in_space IS NULL OR s.name = in_space ORDER BY s.number LOOP
      EXECUTE format('DELETE FROM gatehouse.vectors_%s WHERE partition = $1 AND ($2 IS NULL OR id = ANY ($2)) AND ($3 IS NULL OR "group" = $3)', space.number)
      USING in_partition, in_ids, in_group;
    END LOOP;
  END $$;`;

const SPACES = `
  CREATE FUNCTION gatehouse.vectors_spaces(in_partition text) RETURNS TABLE (out_name text, out_vectors bigint) LANGUAGE plpgsql AS $$
  DECLARE space gatehouse.vector_spaces;
  BEGIN
    FOR space IN SELECT * FROM gatehouse.vector_spaces s ORDER BY s.name LOOP
      out_name := space.name;
      EXECUTE format('SELECT count(*) FROM gatehouse.vectors_%s WHERE partition = $1', space.number) INTO out_vectors USING in_partition;
      IF out_vectors > 0 THEN RETURN NEXT; END IF;
    END LOOP;
  END $$;`;

export const VECTORS: PostgresComponent = {
  name: 'vectors',
  migrations: [[EXTENSION, TABLES, SPACE, PUT, NEAR, DELETE, SPACES].join('\n')],
};
