-- Schema version 2 of version 1: plans have a history of their own, and entries name the entry of it
-- under which they were decided. What stands here stands in `sqlite.sql` too. The opening balance of
-- each plan is written afterwards (see `openings`).

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

ALTER TABLE entry ADD COLUMN plan_head TEXT NOT NULL DEFAULT '';

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
