-- The evalflow store, schema version 2. Names are the glossary's; text is UTF-8; times are ISO
-- text in UTC with microseconds; lists and trees are canonical JSON (sorted keys, no spaces).
--
-- The triggers hold for every program that writes to the file, not only for evalflow: a project
-- moves only by a new entry, entries follow one another without gaps, and are never changed.

CREATE TABLE plan_revision (
  plan      TEXT    NOT NULL,
  revision  INTEGER NOT NULL CHECK (revision >= 1),
  effective TEXT    NOT NULL,                        -- the first period measured against it
  tree      TEXT    NOT NULL,
  PRIMARY KEY (plan, revision)
) STRICT;

CREATE TABLE plan_entry (
  plan         TEXT    NOT NULL,
  number       INTEGER NOT NULL CHECK (number >= 1),
  event        TEXT    NOT NULL,
  actor        TEXT    NOT NULL,
  role         TEXT    NOT NULL,
  on_behalf_of TEXT,
  at           TEXT    NOT NULL CHECK (length(at) = 32 AND substr(at, 27) = '+00:00'),
  revision     INTEGER NOT NULL CHECK (revision >= 1),  -- the one in force after it
  effective    TEXT    NOT NULL,
  head_before  TEXT    NOT NULL,                     -- digests of the revision's text
  head_after   TEXT    NOT NULL CHECK (length(head_after) = 64),
  lifecycle    TEXT    NOT NULL,                     -- the one under which projects come in
  reason       TEXT,
  data         TEXT    NOT NULL,
  previous     TEXT    NOT NULL,
  hash         TEXT    NOT NULL CHECK (length(hash) = 64),
  PRIMARY KEY (plan, number)
) STRICT;

CREATE TABLE lifecycle (
  fingerprint TEXT NOT NULL PRIMARY KEY,
  tree        TEXT NOT NULL
) STRICT;

CREATE TABLE project (
  id        TEXT    NOT NULL PRIMARY KEY CHECK (id = plan || '/' || number),
  plan      TEXT    NOT NULL,
  number    TEXT    NOT NULL,                        -- 관리번호
  label_ko  TEXT    NOT NULL,
  label_en  TEXT    NOT NULL,
  unit      TEXT    NOT NULL,
  field     TEXT    NOT NULL,
  states    TEXT    NOT NULL,                        -- one per region
  visits    TEXT    NOT NULL,                        -- the entry that brought each region there
  period    TEXT    NOT NULL,
  version   INTEGER NOT NULL,                        -- the number of its last entry
  lifecycle TEXT    NOT NULL,
  revision  INTEGER NOT NULL,
  band      TEXT,
  head      TEXT    NOT NULL,                        -- the hash of its last entry
  change    TEXT,
  place     TEXT    NOT NULL GENERATED ALWAYS AS (   -- digits by value, then the rest as text
    CASE WHEN number GLOB '*[^0-9]*' OR number = '' THEN '1' || number
         ELSE printf('0%05d', length(ltrim(number, '0'))) || ltrim(number, '0') END) VIRTUAL
) STRICT;
CREATE UNIQUE INDEX project_place ON project (plan, place, number);
CREATE INDEX project_states ON project (states);

CREATE TABLE definition (
  project  TEXT    NOT NULL REFERENCES project (id),
  revision INTEGER NOT NULL,
  label_ko TEXT    NOT NULL,
  label_en TEXT    NOT NULL,
  field    TEXT    NOT NULL,
  tree     TEXT    NOT NULL,
  PRIMARY KEY (project, revision)
) STRICT;

CREATE TABLE assignment (
  project  TEXT    NOT NULL,
  revision INTEGER NOT NULL,
  position INTEGER NOT NULL,
  unit     TEXT    NOT NULL,
  since    TEXT,                                     -- days, both included; NULL is open
  until    TEXT,
  PRIMARY KEY (project, revision, position),
  FOREIGN KEY (project, revision) REFERENCES definition (project, revision)
) STRICT, WITHOUT ROWID;

CREATE TABLE entry (
  position     INTEGER NOT NULL PRIMARY KEY,         -- over all projects, as they were written
  project      TEXT    NOT NULL REFERENCES project (id),
  number       INTEGER NOT NULL CHECK (number >= 1),
  event        TEXT    NOT NULL,
  actor        TEXT    NOT NULL,
  role         TEXT    NOT NULL,
  on_behalf_of TEXT,
  at           TEXT    NOT NULL CHECK (length(at) = 32 AND substr(at, 27) = '+00:00'),
  before       TEXT    NOT NULL,
  after        TEXT    NOT NULL,
  period       TEXT    NOT NULL,
  period_after TEXT    NOT NULL,
  unit         TEXT    NOT NULL,
  revision     INTEGER NOT NULL,
  lifecycle    TEXT    NOT NULL,
  reason       TEXT,
  data         TEXT    NOT NULL,
  rating       TEXT,
  evaluation   TEXT    NOT NULL,
  late         INTEGER,
  "key"        TEXT,
  previous     TEXT    NOT NULL,
  hash         TEXT    NOT NULL CHECK (length(hash) = 64), plan_head TEXT NOT NULL DEFAULT '',
  UNIQUE (project, number)
) STRICT;
CREATE UNIQUE INDEX entry_key ON entry (project, "key") WHERE "key" IS NOT NULL;

CREATE TABLE evaluation (
  project TEXT    NOT NULL,
  period  TEXT    NOT NULL,
  number  INTEGER NOT NULL,                          -- the entry that wrote it last
  rate    TEXT,
  band    TEXT,
  tree    TEXT    NOT NULL,
  PRIMARY KEY (project, period),
  FOREIGN KEY (project, number) REFERENCES entry (project, number)
) STRICT;

CREATE TABLE notice (
  position   INTEGER NOT NULL PRIMARY KEY,
  id         TEXT    NOT NULL,
  project    TEXT    NOT NULL,
  number     INTEGER NOT NULL,
  name       TEXT    NOT NULL,
  recipient  TEXT    NOT NULL,
  role       TEXT    NOT NULL,
  notifier   TEXT    NOT NULL,
  subject_ko TEXT    NOT NULL,
  subject_en TEXT    NOT NULL,
  at         TEXT    NOT NULL,
  data       TEXT    NOT NULL,
  state      TEXT    NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'delivered', 'dead')),
  tries      INTEGER NOT NULL DEFAULT 0,
  next_at    TEXT    NOT NULL,
  error      TEXT,
  UNIQUE (id, notifier),                             -- a visit tells a recipient once
  FOREIGN KEY (project, number) REFERENCES entry (project, number)
) STRICT;
CREATE INDEX notice_waiting ON notice (notifier, next_at) WHERE state = 'waiting';

-- A project is adopted as version 0; its first entry makes it version 1.
CREATE TRIGGER project_adopted BEFORE INSERT ON project
WHEN NEW.version <> 0 OR NEW.head <> '' OR NEW.states <> '[]'
  OR EXISTS (SELECT 1 FROM project WHERE id = NEW.id)
BEGIN
  SELECT RAISE(ABORT, 'evalflow: a project begins with its first entry');
END;

-- An entry starts where the last one ended. Also refuses what INSERT OR REPLACE would delete.
CREATE TRIGGER entry_follows BEFORE INSERT ON entry
WHEN NOT EXISTS (
    SELECT 1 FROM project AS p
    WHERE p.id = NEW.project AND p.version = NEW.number - 1 AND p.head = NEW.previous
      AND p.states = NEW.before AND p.period = NEW.period)
  OR EXISTS (SELECT 1 FROM entry WHERE position = NEW.position)
  OR (NEW."key" IS NOT NULL
      AND EXISTS (SELECT 1 FROM entry WHERE project = NEW.project AND "key" = NEW."key"))
BEGIN
  SELECT RAISE(ABORT, 'evalflow: the entry does not continue the history');
END;

-- A new entry moves its project; nothing else does.
CREATE TRIGGER entry_moves AFTER INSERT ON entry
BEGIN
  UPDATE project SET version = NEW.number, states = NEW.after, period = NEW.period_after,
    head = NEW.hash WHERE id = NEW.project;
END;

CREATE TRIGGER project_follows
BEFORE UPDATE OF id, plan, number, version, states, period, head ON project
WHEN NEW.id <> OLD.id OR NEW.plan <> OLD.plan OR NEW.number <> OLD.number
  OR NEW.version NOT IN (OLD.version, OLD.version + 1)
  OR NOT EXISTS (
    SELECT 1 FROM entry AS e
    WHERE e.project = NEW.id AND e.number = NEW.version AND e.hash = NEW.head
      AND e.after = NEW.states AND e.period_after = NEW.period)
BEGIN
  SELECT RAISE(ABORT, 'evalflow: a project moves only by a new entry');
END;

CREATE TRIGGER project_stays BEFORE DELETE ON project
BEGIN
  SELECT RAISE(ABORT, 'evalflow: a project is never deleted');
END;

CREATE TRIGGER entry_unchanged BEFORE UPDATE ON entry
BEGIN
  SELECT RAISE(ABORT, 'evalflow: an entry is never changed');
END;

CREATE TRIGGER entry_stays BEFORE DELETE ON entry
BEGIN
  SELECT RAISE(ABORT, 'evalflow: an entry is never deleted');
END;

CREATE TRIGGER plan_revision_next BEFORE INSERT ON plan_revision
WHEN NEW.revision <> 1 + (
  SELECT coalesce(max(revision), 0) FROM plan_revision WHERE plan = NEW.plan)
BEGIN
  SELECT RAISE(ABORT, 'evalflow: plan revisions follow one another');
END;

CREATE TRIGGER plan_revision_unchanged BEFORE UPDATE ON plan_revision
BEGIN
  SELECT RAISE(ABORT, 'evalflow: a plan revision is never changed');
END;

CREATE TRIGGER plan_revision_stays BEFORE DELETE ON plan_revision
BEGIN
  SELECT RAISE(ABORT, 'evalflow: a plan revision is never deleted');
END;

CREATE TRIGGER definition_next BEFORE INSERT ON definition
WHEN EXISTS (SELECT 1 FROM definition WHERE project = NEW.project AND revision >= NEW.revision)
BEGIN
  SELECT RAISE(ABORT, 'evalflow: a definition belongs to a later revision than the last one');
END;

CREATE TRIGGER definition_unchanged BEFORE UPDATE ON definition
BEGIN
  SELECT RAISE(ABORT, 'evalflow: a definition is never changed');
END;

CREATE TRIGGER definition_stays BEFORE DELETE ON definition
BEGIN
  SELECT RAISE(ABORT, 'evalflow: a definition is never deleted');
END;

-- A plan's history has no gaps, and each entry starts from what the last one left.
CREATE TRIGGER plan_entry_follows BEFORE INSERT ON plan_entry
WHEN NEW.number <> 1 + (SELECT count(*) FROM plan_entry WHERE plan = NEW.plan)
  OR (NEW.number = 1 AND (NEW.previous <> '' OR NEW.head_before <> ''))
  OR (NEW.number > 1 AND NOT EXISTS (
    SELECT 1 FROM plan_entry AS e WHERE e.plan = NEW.plan AND e.number = NEW.number - 1
      AND e.hash = NEW.previous AND e.head_after = NEW.head_before
      AND NEW.revision IN (e.revision, e.revision + 1)))
BEGIN
  SELECT RAISE(ABORT, 'evalflow: the entry does not continue the history of the plan');
END;

CREATE TRIGGER plan_entry_unchanged BEFORE UPDATE ON plan_entry
BEGIN
  SELECT RAISE(ABORT, 'evalflow: an entry is never changed');
END;

CREATE TRIGGER plan_entry_stays BEFORE DELETE ON plan_entry
BEGIN
  SELECT RAISE(ABORT, 'evalflow: an entry is never deleted');
END;

-- A revision comes into force by an entry of the plan's history; nothing else makes one.
CREATE TRIGGER plan_revision_entered BEFORE INSERT ON plan_revision
WHEN NOT EXISTS (
  SELECT 1 FROM plan_entry AS e
  WHERE e.plan = NEW.plan AND e.revision = NEW.revision AND e.effective = NEW.effective)
BEGIN
  SELECT RAISE(ABORT, 'evalflow: a plan is revised only by an entry of its history');
END;
