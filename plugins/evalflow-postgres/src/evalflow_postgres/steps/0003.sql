-- Schema version 3: plans have a history of their own, and entries name the entry of it under which
-- they were decided. The opening balance of each plan is written afterwards.

CREATE TABLE {schema}.plan_entry (
  plan         text   COLLATE "C" NOT NULL,
  number       bigint NOT NULL CHECK (number >= 1),
  event        text   NOT NULL,
  actor        text   NOT NULL,
  role         text   NOT NULL,
  on_behalf_of text,
  at           text   COLLATE "C" NOT NULL CHECK (length(at) = 32 AND substr(at, 27) = '+00:00'),
  revision     bigint NOT NULL CHECK (revision >= 1),  -- the one in force after it
  effective    text   NOT NULL,
  head_before  text   NOT NULL,                      -- digests of the revision's text
  head_after   text   NOT NULL CHECK (length(head_after) = 64),
  lifecycle    text   NOT NULL,                      -- the one under which projects come in
  reason       text,
  data         text   NOT NULL,
  previous     text   NOT NULL,
  hash         text   NOT NULL CHECK (length(hash) = 64),
  PRIMARY KEY (plan, number)
);

ALTER TABLE {schema}.entry ADD COLUMN plan_head text NOT NULL DEFAULT '';

CREATE TRIGGER plan_entry_unchanged BEFORE UPDATE ON {schema}.plan_entry
  FOR EACH ROW EXECUTE FUNCTION {schema}.never('an entry is never changed');
CREATE TRIGGER plan_entry_stays BEFORE DELETE ON {schema}.plan_entry
  FOR EACH ROW EXECUTE FUNCTION {schema}.never('an entry is never deleted');
CREATE TRIGGER plan_entry_stays_all BEFORE TRUNCATE ON {schema}.plan_entry
  EXECUTE FUNCTION {schema}.never('an entry is never deleted');

-- A plan's history has no gaps, and each entry starts from what the last one left.
CREATE FUNCTION {schema}.plan_entry_follows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.number = 1 THEN
    IF NEW.previous = '' AND NEW.head_before = '' THEN
      RETURN NEW;
    END IF;
  ELSE
    PERFORM 1 FROM {schema}.plan_entry AS e
      WHERE e.plan = NEW.plan AND e.number = NEW.number - 1 AND e.hash = NEW.previous
        AND e.head_after = NEW.head_before AND NEW.revision IN (e.revision, e.revision + 1);
    IF FOUND THEN
      RETURN NEW;
    END IF;
  END IF;
  RAISE EXCEPTION 'evalflow: the entry does not continue the history of the plan'
    USING ERRCODE = 'EV001';
END $$;

CREATE TRIGGER plan_entry_follows BEFORE INSERT ON {schema}.plan_entry
  FOR EACH ROW EXECUTE FUNCTION {schema}.plan_entry_follows();

-- A revision comes into force by an entry of the plan's history; nothing else makes one.
CREATE FUNCTION {schema}.plan_revision_entered() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM 1 FROM {schema}.plan_entry AS e
    WHERE e.plan = NEW.plan AND e.revision = NEW.revision AND e.effective = NEW.effective;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'evalflow: a plan is revised only by an entry of its history'
      USING ERRCODE = 'EV001';
  END IF;
  RETURN NEW;
END $$;

CREATE TRIGGER plan_revision_entered BEFORE INSERT ON {schema}.plan_revision
  FOR EACH ROW EXECUTE FUNCTION {schema}.plan_revision_entered();
