-- The evalflow store, schema version 1. Names are the glossary's; times are ISO text in UTC with
-- microseconds; lists and trees are canonical JSON as text (sorted keys, no spaces), because
-- hashes are taken over that very text and jsonb cannot keep every text. What sorts has the
-- collation "C", so that the order is the same on every server.
--
-- The triggers hold for every program that writes here, not only for evalflow: a project and its
-- next entry are written by one statement, entries follow one another without gaps, and are
-- never changed.

CREATE TABLE {schema}.plan_revision (
  plan      text   COLLATE "C" NOT NULL,
  revision  bigint NOT NULL CHECK (revision >= 1),
  effective text   NOT NULL,                         -- the first period measured against it
  tree      text   NOT NULL,
  PRIMARY KEY (plan, revision)
);

CREATE TABLE {schema}.lifecycle (
  fingerprint text NOT NULL PRIMARY KEY,
  tree        text NOT NULL
);

CREATE TABLE {schema}.project (
  id        text   COLLATE "C" NOT NULL PRIMARY KEY,
  plan      text   COLLATE "C" NOT NULL,
  number    text   COLLATE "C" NOT NULL,             -- 관리번호
  label_ko  text   NOT NULL,
  label_en  text   NOT NULL,
  unit      text   NOT NULL,
  field     text   NOT NULL,
  states    text   COLLATE "C" NOT NULL,             -- one per region
  visits    text   NOT NULL,                         -- the entry that brought each region there
  period    text   NOT NULL,
  version   bigint NOT NULL CHECK (version >= 1),    -- the number of its last entry
  lifecycle text   NOT NULL,
  revision  bigint NOT NULL,
  band      text,
  head      text   NOT NULL,                         -- the hash of its last entry
  change    text,
  place     text   COLLATE "C" NOT NULL GENERATED ALWAYS AS (   -- digits by value, then the rest
    CASE WHEN number ~ '[^0-9]' OR number = '' THEN '1' || number
         ELSE '0' || lpad(length(ltrim(number, '0'))::text, 5, '0') || ltrim(number, '0')
    END) STORED,
  CHECK (id = plan || '/' || number)
) WITH (fillfactor = 80);
CREATE UNIQUE INDEX project_place ON {schema}.project (plan, place, number);
CREATE INDEX project_states ON {schema}.project (states);

CREATE TABLE {schema}.definition (
  project  text   COLLATE "C" NOT NULL REFERENCES {schema}.project (id),
  revision bigint NOT NULL,
  label_ko text   NOT NULL,
  label_en text   NOT NULL,
  field    text   NOT NULL,
  tree     text   NOT NULL,
  PRIMARY KEY (project, revision)
);

CREATE TABLE {schema}.assignment (
  project  text    COLLATE "C" NOT NULL,
  revision bigint  NOT NULL,
  position integer NOT NULL,
  unit     text    NOT NULL,
  since    date,                                     -- days, both included; NULL is open
  until    date,
  PRIMARY KEY (project, revision, position),
  FOREIGN KEY (project, revision) REFERENCES {schema}.definition (project, revision)
);

CREATE TABLE {schema}.entry (
  position     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,   -- over all projects
  project      text   COLLATE "C" NOT NULL,
  number       bigint NOT NULL CHECK (number >= 1),
  event        text   NOT NULL,
  actor        text   NOT NULL,
  role         text   NOT NULL,
  on_behalf_of text,
  at           text   COLLATE "C" NOT NULL CHECK (length(at) = 32 AND substr(at, 27) = '+00:00'),
  before       text   COLLATE "C" NOT NULL,
  after        text   COLLATE "C" NOT NULL,
  period       text   NOT NULL,
  period_after text   NOT NULL,
  unit         text   NOT NULL,
  revision     bigint NOT NULL,
  lifecycle    text   NOT NULL,
  reason       text,
  data         text   NOT NULL,
  rating       text,
  evaluation   text   NOT NULL,
  late         bigint,
  key          text   COLLATE "C",
  previous     text   NOT NULL,
  hash         text   NOT NULL CHECK (length(hash) = 64),
  UNIQUE (project, number)
);
CREATE UNIQUE INDEX entry_key ON {schema}.entry (project, key) WHERE key IS NOT NULL;

CREATE TABLE {schema}.evaluation (
  project text   COLLATE "C" NOT NULL,
  period  text   COLLATE "C" NOT NULL,
  number  bigint NOT NULL,                           -- the entry that wrote it last
  rate    text,
  band    text,
  tree    text   NOT NULL,
  PRIMARY KEY (project, period),
  FOREIGN KEY (project, number) REFERENCES {schema}.entry (project, number)
) WITH (fillfactor = 80);

CREATE TABLE {schema}.notice (
  position   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  id         text    COLLATE "C" NOT NULL,
  project    text    COLLATE "C" NOT NULL,
  number     bigint  NOT NULL,
  name       text    NOT NULL,
  recipient  text    NOT NULL,
  role       text    NOT NULL,
  notifier   text    COLLATE "C" NOT NULL,
  subject_ko text    NOT NULL,
  subject_en text    NOT NULL,
  at         text    COLLATE "C" NOT NULL,
  data       text    NOT NULL,
  state      text    NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'delivered', 'dead')),
  tries      integer NOT NULL DEFAULT 0,
  next_at    text    COLLATE "C" NOT NULL,
  error      text,
  UNIQUE (id, notifier),                             -- a visit tells a recipient once
  FOREIGN KEY (project, number) REFERENCES {schema}.entry (project, number)
);
CREATE INDEX notice_waiting ON {schema}.notice (notifier, next_at, position)
  WHERE state = 'waiting';

-- What is never done, whoever does it.
CREATE FUNCTION {schema}.never() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'evalflow: %', TG_ARGV[0] USING ERRCODE = 'EV001';
END $$;

CREATE TRIGGER project_stays BEFORE DELETE ON {schema}.project
  FOR EACH ROW EXECUTE FUNCTION {schema}.never('a project is never deleted');
CREATE TRIGGER project_stays_all BEFORE TRUNCATE ON {schema}.project
  EXECUTE FUNCTION {schema}.never('a project is never deleted');
CREATE TRIGGER entry_unchanged BEFORE UPDATE ON {schema}.entry
  FOR EACH ROW EXECUTE FUNCTION {schema}.never('an entry is never changed');
CREATE TRIGGER entry_stays BEFORE DELETE ON {schema}.entry
  FOR EACH ROW EXECUTE FUNCTION {schema}.never('an entry is never deleted');
CREATE TRIGGER entry_stays_all BEFORE TRUNCATE ON {schema}.entry
  EXECUTE FUNCTION {schema}.never('an entry is never deleted');
CREATE TRIGGER plan_revision_unchanged BEFORE UPDATE ON {schema}.plan_revision
  FOR EACH ROW EXECUTE FUNCTION {schema}.never('a plan revision is never changed');
CREATE TRIGGER plan_revision_stays BEFORE DELETE ON {schema}.plan_revision
  FOR EACH ROW EXECUTE FUNCTION {schema}.never('a plan revision is never deleted');
CREATE TRIGGER plan_revision_stays_all BEFORE TRUNCATE ON {schema}.plan_revision
  EXECUTE FUNCTION {schema}.never('a plan revision is never deleted');
CREATE TRIGGER definition_unchanged BEFORE UPDATE ON {schema}.definition
  FOR EACH ROW EXECUTE FUNCTION {schema}.never('a definition is never changed');
CREATE TRIGGER definition_stays BEFORE DELETE ON {schema}.definition
  FOR EACH ROW EXECUTE FUNCTION {schema}.never('a definition is never deleted');
CREATE TRIGGER definition_stays_all BEFORE TRUNCATE ON {schema}.definition
  EXECUTE FUNCTION {schema}.never('a definition is never deleted');

-- A project stands where an entry left it: checked when the statement is over, so that the same
-- statement writes both.
CREATE FUNCTION {schema}.project_stands() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' THEN
    IF NEW.id <> OLD.id OR NEW.plan <> OLD.plan OR NEW.number <> OLD.number
        OR NEW.version NOT IN (OLD.version, OLD.version + 1) THEN
      RAISE EXCEPTION 'evalflow: a project moves only by a new entry' USING ERRCODE = 'EV001';
    END IF;
  ELSIF NEW.version <> 1 THEN
    RAISE EXCEPTION 'evalflow: a project begins with its first entry' USING ERRCODE = 'EV001';
  END IF;
  PERFORM 1 FROM {schema}.entry AS e
    WHERE e.project = NEW.id AND e.number = NEW.version AND e.hash = NEW.head
      AND e.after = NEW.states AND e.period_after = NEW.period;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'evalflow: a project moves only by a new entry' USING ERRCODE = 'EV001';
  END IF;
  RETURN NULL;
END $$;

CREATE TRIGGER project_begins AFTER INSERT ON {schema}.project
  FOR EACH ROW EXECUTE FUNCTION {schema}.project_stands();
CREATE TRIGGER project_moves AFTER UPDATE ON {schema}.project FOR EACH ROW
  WHEN (OLD.version <> NEW.version OR OLD.head <> NEW.head OR OLD.states <> NEW.states
    OR OLD.period <> NEW.period OR OLD.id <> NEW.id OR OLD.plan <> NEW.plan
    OR OLD.number <> NEW.number)
  EXECUTE FUNCTION {schema}.project_stands();

-- An entry starts where the last one ended, and its project stands at it.
CREATE FUNCTION {schema}.entry_follows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.number > 1 THEN
    PERFORM 1 FROM {schema}.entry AS e JOIN {schema}.project AS p ON p.id = e.project
      WHERE e.project = NEW.project AND e.number = NEW.number - 1 AND e.hash = NEW.previous
        AND e.after = NEW.before AND e.period_after = NEW.period
        AND p.version = NEW.number AND p.head = NEW.hash;
  ELSE
    PERFORM 1 FROM {schema}.project AS p
      WHERE p.id = NEW.project AND p.version = 1 AND p.head = NEW.hash
        AND NEW.previous = '' AND NEW.before = '[]';
  END IF;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'evalflow: the entry does not continue the history' USING ERRCODE = 'EV001';
  END IF;
  RETURN NULL;
END $$;

CREATE TRIGGER entry_follows AFTER INSERT ON {schema}.entry
  FOR EACH ROW EXECUTE FUNCTION {schema}.entry_follows();

CREATE FUNCTION {schema}.plan_revision_next() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.revision <> 1 + coalesce(
      (SELECT max(revision) FROM {schema}.plan_revision WHERE plan = NEW.plan), 0) THEN
    RAISE EXCEPTION 'evalflow: plan revisions follow one another' USING ERRCODE = 'EV001';
  END IF;
  RETURN NEW;
END $$;

CREATE TRIGGER plan_revision_next BEFORE INSERT ON {schema}.plan_revision
  FOR EACH ROW EXECUTE FUNCTION {schema}.plan_revision_next();

CREATE FUNCTION {schema}.definition_next() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM {schema}.definition
      WHERE project = NEW.project AND revision >= NEW.revision) THEN
    RAISE EXCEPTION 'evalflow: a definition belongs to a later revision than the last one'
      USING ERRCODE = 'EV001';
  END IF;
  RETURN NEW;
END $$;

CREATE TRIGGER definition_next BEFORE INSERT ON {schema}.definition
  FOR EACH ROW EXECUTE FUNCTION {schema}.definition_next();

-- Readers of entries must miss none, but transactions do not end in the order of the positions
-- that they drew. So a transaction announces, before it draws its first position, the last one
-- drawn so far (its floor), by a shared advisory lock that it holds to its end: (oid of the
-- entry table, lower half of the floor). `horizon` is the position up to which nothing can come
-- any more: every position up to it was drawn by a transaction that has ended. What is read by a
-- statement that begins after `horizon` has returned is complete up to there.
CREATE FUNCTION {schema}.entry_announces() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  mark   CONSTANT text := 'evalflow.floor_' || TG_RELID;
  lowest bigint;
BEGIN
  IF coalesce(current_setting(mark, true), '') = '' THEN  -- expressions only: they are cheap
    lowest := coalesce(pg_sequence_last_value('{schema}.entry_position_seq'), 0);
    IF pg_advisory_xact_lock_shared(TG_RELID::integer, lowest::bit(32)::integer) IS NULL
        OR set_config(mark, lowest::text, true) IS NULL THEN
      RAISE EXCEPTION 'evalflow: the position cannot be announced';
    END IF;
  END IF;
  RETURN NULL;
END $$;

CREATE TRIGGER entry_announces BEFORE INSERT ON {schema}.entry
  FOR EACH STATEMENT EXECUTE FUNCTION {schema}.entry_announces();

CREATE FUNCTION {schema}.horizon() RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  latest bigint;
  lowest bigint;
BEGIN
  -- First the last position drawn, then who may still be holding one up to it.
  latest := coalesce(pg_sequence_last_value('{schema}.entry_position_seq'), 0);
  SELECT min(latest + ((objid::bigint - latest) & 4294967295)::bit(32)::integer) INTO lowest
    FROM pg_locks
    WHERE locktype = 'advisory' AND objsubid = 2
      AND classid = '{schema}.entry'::regclass::oid
      AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
      AND pid IS DISTINCT FROM pg_backend_pid();
  RETURN least(latest, lowest);
END $$;

-- Who waits for notices holds a shared lock (oid of the notice table, 0), so that nobody is told
-- where nobody listens.
CREATE FUNCTION {schema}.somebody_listens() RETURNS boolean LANGUAGE sql AS $$
  SELECT CASE WHEN pg_try_advisory_lock('{schema}.notice'::regclass::oid::integer, 0)
    THEN NOT pg_advisory_unlock('{schema}.notice'::regclass::oid::integer, 0) ELSE true END
$$;
