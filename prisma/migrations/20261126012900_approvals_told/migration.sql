-- Not only what is to be started: whoever asked hears of every decision, and of the end of the time for one.
CREATE OR REPLACE TRIGGER announce_approval AFTER UPDATE OF state ON run_approval FOR EACH ROW
  WHEN (NEW.state IN ('approved', 'refused', 'expired') AND OLD.state <> NEW.state) EXECUTE FUNCTION announce_approval();
