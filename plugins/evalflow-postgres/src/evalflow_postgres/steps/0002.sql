-- Schema version 2: the rules that looked at each row look at each statement, so that many rows
-- cost little more than one. They are the same rules, for every program.
--
-- Each row is looked up by its key, in a sub-select that no join can replace: plans are kept for
-- a session, and one made for a single row must serve for thousands.

DROP TRIGGER entry_follows ON {schema}.entry;
DROP FUNCTION {schema}.entry_follows();
DROP TRIGGER project_begins ON {schema}.project;
DROP TRIGGER project_moves ON {schema}.project;
DROP FUNCTION {schema}.project_stands();

CREATE TRIGGER project_begins BEFORE INSERT ON {schema}.project
  FOR EACH ROW WHEN (NEW.version <> 1)
  EXECUTE FUNCTION {schema}.never('a project begins with its first entry');
CREATE TRIGGER project_keeps_its_number BEFORE UPDATE OF id, plan, number ON {schema}.project
  FOR EACH ROW WHEN (OLD.id <> NEW.id OR OLD.plan <> NEW.plan OR OLD.number <> NEW.number)
  EXECUTE FUNCTION {schema}.never('a project keeps its number');

-- A project stands where its last entry left it: checked when the statement is over, so that the
-- same statement writes both.
CREATE FUNCTION {schema}.projects_stand() RETURNS trigger LANGUAGE plpgsql
  SET enable_seqscan = off
AS $$
BEGIN
  IF EXISTS (
    SELECT 1 FROM written AS p WHERE (
      SELECT true FROM {schema}.entry AS e
      WHERE e.project = p.id AND e.number = p.version AND e.hash = p.head
        AND e.after = p.states AND e.period_after = p.period) IS NULL
    OR (SELECT true FROM {schema}.entry AS e
      WHERE e.project = p.id AND e.number = p.version + 1)) THEN
    RAISE EXCEPTION 'evalflow: a project moves only by a new entry' USING ERRCODE = 'EV001';
  END IF;
  RETURN NULL;
END $$;

CREATE TRIGGER project_stands AFTER INSERT ON {schema}.project
  REFERENCING NEW TABLE AS written
  FOR EACH STATEMENT EXECUTE FUNCTION {schema}.projects_stand();
CREATE TRIGGER project_moves AFTER UPDATE ON {schema}.project
  REFERENCING NEW TABLE AS written
  FOR EACH STATEMENT EXECUTE FUNCTION {schema}.projects_stand();

-- An entry starts where the last one ended, and its project stands at it.
CREATE FUNCTION {schema}.entries_follow() RETURNS trigger LANGUAGE plpgsql
  SET enable_seqscan = off
AS $$
BEGIN
  IF EXISTS (
    SELECT 1 FROM written AS n WHERE CASE WHEN n.number > 1 THEN (
      SELECT true FROM {schema}.entry AS e
      WHERE e.project = n.project AND e.number = n.number - 1 AND e.hash = n.previous
        AND e.after = n.before AND e.period_after = n.period)
    ELSE n.previous = '' AND n.before = '[]' END IS NOT TRUE
    OR (SELECT true FROM {schema}.project AS p
      WHERE p.id = n.project AND p.version = n.number AND p.head = n.hash) IS NULL) THEN
    RAISE EXCEPTION 'evalflow: the entry does not continue the history' USING ERRCODE = 'EV001';
  END IF;
  RETURN NULL;
END $$;

CREATE TRIGGER entry_follows AFTER INSERT ON {schema}.entry
  REFERENCING NEW TABLE AS written
  FOR EACH STATEMENT EXECUTE FUNCTION {schema}.entries_follow();

-- A notice tells of an entry. No key, which would look at each row: entries never go away.
ALTER TABLE {schema}.notice DROP CONSTRAINT notice_project_number_fkey;

CREATE FUNCTION {schema}.notices_tell() RETURNS trigger LANGUAGE plpgsql
  SET enable_seqscan = off
AS $$
BEGIN
  IF EXISTS (
    SELECT 1 FROM written AS n WHERE (
      SELECT true FROM {schema}.entry AS e
      WHERE e.project = n.project AND e.number = n.number) IS NULL) THEN
    RAISE EXCEPTION 'evalflow: a notice tells of an entry' USING ERRCODE = 'EV001';
  END IF;
  RETURN NULL;
END $$;

CREATE TRIGGER notice_tells AFTER INSERT ON {schema}.notice
  REFERENCING NEW TABLE AS written
  FOR EACH STATEMENT EXECUTE FUNCTION {schema}.notices_tell();
CREATE TRIGGER notice_stays_its_own BEFORE UPDATE OF id, project, number ON {schema}.notice
  FOR EACH ROW WHEN (OLD.id <> NEW.id OR OLD.project <> NEW.project OR OLD.number <> NEW.number)
  EXECUTE FUNCTION {schema}.never('a notice is never another');
